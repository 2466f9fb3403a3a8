-- Lists what clients may do for a user without a session: the offline families that count.
-- Returns {{client, scope, stamp, deadline}, ...}
--! args: sub
local found = {}
for _, id in ipairs(redis.call('ZRANGE', user_families_key(sub), 0, -1)) do
  local family = family_load(id)
  local state = family and family_state(family)
  if state == 'alive' or state == 'no_user' then
    found[#found + 1] = {family.client, family.scope, family.stamp, family.deadline}
  end
end
return found
