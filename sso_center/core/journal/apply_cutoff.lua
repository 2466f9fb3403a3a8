-- Applies a recorded cut-off to this shard; a later one stays. Safe to repeat, and during a recovery.
-- `at` is the cut-off and `kept` how long it is kept (ms).
--! args: scope, name, at: number, kept
local key = prefix .. 'cutoff:' .. scope .. ':' .. name
if at > tonumber(redis.call('GET', key) or -1) then
  redis.call('SET', key, string.format('%.0f', at), 'PX', kept)
end
if at > last_cutoff then redis.call('HSET', shard_key, 'cutoff', string.format('%.0f', at)) end
return 'OK'
