-- Lists where sessions were used.
-- Returns {{login, step, step...} | {} when there is no such session, ...} in the order asked
--! args: *sids
local found = {}
for i, sid in ipairs(sids) do
  local f = redis.call('HMGET', session_key(sid), 'login', 'about')
  local about = newest_of(f[1], f[2])
  found[i] = about and {about, unpack(redis.call('LRANGE', steps_key(sid), 0, -1))} or {}
end
return found
