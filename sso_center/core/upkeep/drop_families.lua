-- Drops families that can't count any more: some of the expired ones, and from a page of all those whose
-- session is gone or was left by the client, or that a cut-off or a changed account has voided.
-- Returns the next cursor
--! args: cursor, count: number
local index = prefix .. 'family-deadlines'

local function drop(id, family)
  redis.call('ZREM', index, id)
  if not family then return end
  if family.chain ~= '' then redis.call('DEL', chain_key(family.chain)) end
  redis.call('DEL', family_key(id))
  redis.call('ZREM', user_families_key(family.sub), id)
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, count)) do
  drop(id, family_load(id))
end
local VOID = {session_gone = true, client_left = true, stale = true, cut_off = true}
local following, ids = scan_sessions(index, cursor, count)
for _, id in ipairs(ids) do
  local family = family_load(id)
  if not family or VOID[family_state(family)] then drop(id, family) end
end
return following
