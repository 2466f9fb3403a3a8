-- Returns the run id of the server asked, and the shard's run, lineage, position, config, stamp, cutoff.
return { ARGV[1], unpack(redis.call('HMGET', shard_key, 'run', 'lineage', 'position', 'config', 'stamp', 'cutoff')) }
