-- Reads the oldest events of this shard's stream.
-- ARGV: how many
-- Returns {{id, {field, value, ...}}, ...}
return redis.call('XRANGE', prefix .. 'audit', '-', '+', 'COUNT', tonumber(args[1]))
