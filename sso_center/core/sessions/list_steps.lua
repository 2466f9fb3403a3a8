-- Lists where sessions were used.
-- Returns {{about, step, step...} | {} when there is no such session, ...} in the order asked
--! args: *sids
local found = {}
for i, sid in ipairs(sids) do
  local about = redis.call('HGET', session_key(sid), 'about')
  found[i] = about and {about, unpack(redis.call('LRANGE', steps_key(sid), 0, -1))} or {}
end
return found
