-- Reads the oldest events of this shard's stream, at most `count`.
-- Returns {{id, {field, value, ...}}, ...}
--! args: count: number
return redis.call('XRANGE', prefix .. 'audit', '-', '+', 'COUNT', count)
