-- Makes a recorded cut-off hold in this shard; a later one stays. Safe to repeat, and during a recovery.
-- ARGV: kind, id, the cut-off (ms), how long it is kept (ms)
local key, at = prefix .. 'cutoff:' .. args[1] .. ':' .. args[2], tonumber(args[3])
if at > tonumber(redis.call('GET', key) or -1) then
  redis.call('SET', key, args[3], 'PX', tonumber(args[4]))
end
if at > last_cutoff then redis.call('HSET', shard_key, 'cutoff', args[3]) end
return 'OK'
