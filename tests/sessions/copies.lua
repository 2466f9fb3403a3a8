-- Copies a session of this shard many times, as logins by a program would have left them.
-- ARGV: sid, how many
local flat, session = redis.call('HGETALL', session_key(args[1])), session_load(args[1])
for i = 1, tonumber(args[2]) do
  local sid = args[1] .. i
  redis.call('HSET', session_key(sid), unpack(flat))
  redis.call('PEXPIRE', session_key(sid), session.deadline - now)
  index_put(user_sessions_key(session.sub), session.deadline, sid)
end
return 'OK'
