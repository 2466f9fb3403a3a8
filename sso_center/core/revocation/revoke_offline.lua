-- Revokes the offline families of a user at a client, all in this one step.
-- Returns {family, ...}, including those that an earlier attempt revoked but did not record
--! args: sub, client, about, kept
local found = {}
for _, family in ipairs(redis.call('ZRANGE', prefix .. 'user-families:' .. sub, 0, -1)) do
  if redis.call('HGET', prefix .. 'family:' .. family, 'client') == client then
    revoke(family, about, kept)
    found[#found + 1] = family
  end
end
return found
