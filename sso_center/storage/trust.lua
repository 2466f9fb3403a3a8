-- Marks the shard as brought up to date. ARGV[5] run id that the journal was applied to, [6] lineage,
-- [7] position, [8] configuration version, [9] milliseconds the shard's hash is kept. Returns 1.
if ARGV[1] ~= ARGV[5] then
  return redis.error_reply('UNTRUSTED the server changed while the journal was applied')
end
redis.call('HSET', shard_key, 'run', ARGV[5], 'lineage', ARGV[6], 'position', ARGV[7], 'config', ARGV[8])
redis.call('PEXPIRE', shard_key, ARGV[9])
return 1
