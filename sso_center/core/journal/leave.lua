-- Takes a client out of a session that it joined at or before a moment; one that joined anew since stays.
-- ARGV: sid, client, the moment (ms)
local joined = tonumber(redis.call('HGET', participants_key(args[1]), args[2]) or -1)
if joined >= 0 and joined <= tonumber(args[3]) then
  redis.call('HDEL', participants_key(args[1]), args[2])
  redis.call('ZREM', client_sessions_key(args[2]), args[1])
end
return 'OK'
