-- Revokes the offline families of a user at a client, all in this one step.
-- ARGV: sub, client, about, how long they are refused unless recorded (ms)
-- Returns {family, ...}, those that an earlier attempt revoked and did not record included
local found = {}
for _, family in ipairs(redis.call('ZRANGE', prefix .. 'user-families:' .. args[1], 0, -1)) do
  if redis.call('HGET', prefix .. 'family:' .. family, 'client') == args[2] then
    revoke(family, args[3], tonumber(args[4]))
    found[#found + 1] = family
  end
end
return found
