-- Finds which clients may do something for a user without a session, or might until a moment ago.
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
