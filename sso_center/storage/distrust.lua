-- Lets nothing in the shard count until the journal is applied to it again. Returns 1 when it was trusted.
return redis.call('HDEL', shard_key, 'run')
