-- Marks the shard as brought up to date: the journal up to `position` of `lineage` is applied to it, of the server run
-- `applied_to`. The shard's hash is kept for `lifetime` ms. Returns 1.
--! args: applied_to, lineage, position, config, lifetime
if run_id ~= applied_to then
  return redis.error_reply('UNTRUSTED the server changed while the journal was applied')
end
redis.call('HSET', shard_key, 'run', applied_to, 'lineage', lineage, 'position', position, 'config', config)
redis.call('PEXPIRE', shard_key, lifetime)
return 1
