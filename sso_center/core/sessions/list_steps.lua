-- Lists where sessions were used.
-- ARGV: sid, sid, ...
-- Returns {{about, step, step...} | {} when there is no such session, ...} in the order asked
local found = {}
for i, sid in ipairs(args) do
  local about = redis.call('HGET', session_key(sid), 'about')
  found[i] = about and {about, unpack(redis.call('LRANGE', steps_key(sid), 0, -1))} or {}
end
return found
