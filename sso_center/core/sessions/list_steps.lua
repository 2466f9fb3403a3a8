-- Lists where sessions were used.
-- ARGV: sid, sid, ...
-- Returns {{login, step, step...} | {} when there is no such session, ...} in the order asked
local found = {}
for i, sid in ipairs(args) do
  local f = redis.call('HMGET', session_key(sid), 'login', 'about')
  local about = newest_of(f[1], f[2])
  found[i] = about and {about, unpack(redis.call('LRANGE', steps_key(sid), 0, -1))} or {}
end
return found
