-- Notes up to which position the journal is applied to this shard; never backwards.
-- ARGV: position
if marker[1] ~= ARGV[1] then
  return 'UNTRUSTED' -- a mark here would hide from the recovery what the shard has missed before it
end
local position = tonumber(args[1])
if position > tonumber(redis.call('HGET', shard_key, 'position') or 0) then
  redis.call('HSET', shard_key, 'position', args[1])
end
return 'OK'
