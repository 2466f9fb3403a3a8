-- Follows the prelude in every script but the recovery's own. Refuses a shard that may have lost writes
-- (another run id: restarted, failed over, restored, emptied), and a caller with outdated clients and keys.
if marker[1] ~= run_id then
  return redis.error_reply('UNTRUSTED this server has not had the journal applied')
end
local shard_config = tonumber(marker[2] or 0)
if shard_config > caller_config then
  return redis.error_reply('OUTDATED ' .. string.format('%.0f', shard_config))
end
if shard_config < caller_config then
  redis.call('HSET', shard_key, 'config', caller_config)
end
