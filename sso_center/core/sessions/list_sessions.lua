-- Lists sessions of this shard that are alive: the one of `sid`, else those of `sub`, else a page of all of them in order
-- of deadline. What is not asked for is ''.
-- Returns {how many were looked at, {session reply..., kind, device type, participant, participant...}, ...}
--! args: sub, offset: number, count: number, sid
local sids
if sid ~= '' then
  sids = {sid}
elseif sub ~= '' then
  sids = redis.call('ZRANGE', user_sessions_key(sub), 0, -1)
else
  sids = redis.call('ZRANGE', prefix .. 'deadlines', offset, offset + count - 1)
end
local found = {#sids}
for _, one in ipairs(sids) do found[#found + 1] = session_listed(one) end
return found
