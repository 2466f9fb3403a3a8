-- Copies a session of this shard many times, as logins by a program would have left them.
--! args: sid, count: number
local flat, session = redis.call('HGETALL', session_key(sid)), session_load(sid)
for i = 1, count do
  local copy = sid .. i
  redis.call('HSET', session_key(copy), unpack(flat))
  redis.call('PEXPIRE', session_key(copy), session.deadline - now)
  index_put(user_sessions_key(session.sub), session.deadline, copy)
end
return 'OK'
