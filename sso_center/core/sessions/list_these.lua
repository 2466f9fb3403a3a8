-- Lists those of the given sessions that are alive.
-- Returns {{session reply..., kind, device type, participant, participant...}, ...}
--! args: *sids
local found = {}
for _, sid in ipairs(sids) do found[#found + 1] = session_listed(sid) end
return found
