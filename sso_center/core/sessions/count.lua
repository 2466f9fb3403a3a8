-- Returns how many sessions this shard's index holds; those that just expired count until the sweep.
return redis.call('ZCARD', prefix .. 'deadlines')
