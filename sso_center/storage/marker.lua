-- Returns the run id of the server asked, and the shard's run, lineage, position, config, stamp, cutoff.
return {run_id, unpack(redis.call('HMGET', shard_key, 'run', 'lineage', 'position', 'config', 'stamp', 'cutoff'))}
