-- Finds the clients that have, or a moment ago had, offline access to a user.
-- Returns {client, ...}
--! args: sub
local found, known = {}, {}
for _, family in ipairs(redis.call('ZRANGE', prefix .. 'user-families:' .. sub, 0, -1)) do
  local client = redis.call('HGET', prefix .. 'family:' .. family, 'client')
  if client and not known[client] then
    known[client] = true
    found[#found + 1] = client
  end
end
return found
