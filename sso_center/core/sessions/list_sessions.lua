-- Lists sessions of this shard that are alive: one, those of a user, or a page of all of them in order of deadline.
-- ARGV: sub or '', offset, count, sid or ''
-- Returns {how many were looked at, {session reply..., kind, device type, participant, participant...}, ...}
local sids
if args[4] ~= '' then
  sids = {args[4]}
elseif args[1] ~= '' then
  sids = redis.call('ZRANGE', user_sessions_key(args[1]), 0, -1)
else
  sids = redis.call('ZRANGE', prefix .. 'deadlines', tonumber(args[2]), tonumber(args[2]) + tonumber(args[3]) - 1)
end
local found = {#sids}
for _, sid in ipairs(sids) do found[#found + 1] = session_listed(sid) end
return found
