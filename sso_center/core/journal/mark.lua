-- Notes up to which position the journal is applied to this shard; never backwards.
--! args: position: number
if marker[1] ~= run_id then
  return 'UNTRUSTED' -- a mark here would hide the missed entries from the recovery
end
if position > tonumber(redis.call('HGET', shard_key, 'position') or 0) then
  redis.call('HSET', shard_key, 'position', position)
end
return 'OK'
