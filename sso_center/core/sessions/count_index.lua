-- Returns how many there are in an index of this shard.
--! args: index
return redis.call('ZCARD', prefix .. index)
