-- Notes up to which position the journal is applied to this shard; never backwards.
-- ARGV: position
local position = tonumber(args[1])
if position > tonumber(redis.call('HGET', shard_key, 'position') or 0) then
  redis.call('HSET', shard_key, 'position', args[1])
end
return 'OK'
