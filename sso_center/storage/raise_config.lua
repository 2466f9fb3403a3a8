-- Raises a trusted shard's configuration version to ARGV[5], unless it knows a later one. Returns 1.
if marker[1] and tonumber(marker[2] or 0) < tonumber(ARGV[5]) then
  redis.call('HSET', shard_key, 'config', ARGV[5])
end
return 1
