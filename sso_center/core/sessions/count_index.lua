-- Returns how many there are in an index of this shard.
-- ARGV: index
return redis.call('ZCARD', prefix .. args[1])
