-- Lists those of the given sessions that are alive.
-- ARGV: sid, sid, ...
-- Returns {{session reply..., kind, device type, participant, participant...}, ...}
local found = {}
for _, sid in ipairs(args) do found[#found + 1] = session_listed(sid) end
return found
