-- Raises a trusted shard's configuration version to ARGV[5], unless it knows a later one. Returns 1.
--! args: version: number
if marker[1] and tonumber(marker[2] or 0) < version then
  redis.call('HSET', shard_key, 'config', version)
end
return 1
