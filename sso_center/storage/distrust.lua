-- Lets nothing in the shard count until the journal was applied to it once more. Returns 1 when it was trusted.
return redis.call('HDEL', shard_key, 'run')
