-- Says to whom a token was given, also while it does not count: what is given back must stay dead, although its
-- person is disabled just now, or it was used long ago. Looks only at what can't be undone.
-- ARGV: 'opaque' or 'jwt' as for find_active.lua
--    or 'app' or 'refresh', chain id, generation, hash of the secret
-- Returns {client, sub, sid or '', deadline (ms), family or '', number or ''} | {}
local function is_over(deadline, sid)
  if now >= deadline then return true end
  if sid == '' then return false end
  local session = session_load(sid)
  return not session or now >= session.deadline or now >= session.idle_deadline
end

if args[1] == 'app' or args[1] == 'refresh' then
  local chain = chain_load(args[2])
  if not chain or chain_judge(chain, tonumber(args[3]), args[4]) == 'unknown' then return {} end
  local id = args[1] == 'refresh' and chain.owner or redis.call('HGET', session_key(chain.owner), 'family')
  local family = id and family_load(id)
  if not family or is_over(family.deadline, family.sid) then return {} end
  return {family.client, family.sub, family.sid, string.format('%.0f', family.deadline), family.id, ''}
end

local f
if args[1] == 'opaque' then
  f = redis.call('HMGET', prefix .. 'token:' .. args[2], 'client', 'sub', 'sid', 'deadline', 'family', 'number')
  if not f[6] then return {} end -- unknown, or of an older center and worth nothing
else
  f = {args[2], args[3], args[4], args[7], args[9], args[10]}
end
local family, number = f[5], f[6]
if family ~= '' then family_saw(family, tonumber(number) or 0) end
if is_over(tonumber(f[4]), f[3]) then return {} end
if family == '' and is_denied(number) then return {} end
if family ~= '' and (is_denied(family) or is_denied(family .. '.' .. number)) then return {} end
return f
