-- Says what an app token opens, as visit.lua does for a cookie, and touches it. `handed_on` has the clients whose
-- successors the caller hands on, with blanks around each, or is '*'; `caller` is who asks, or ''.
-- Returns {'alive', ...} | {outcome, '', session reply...}
--! args: chain_id, generation: number, secret, nonce, successor, interval: number, handed_on, caller
--! reply alive: nonce, client, scope, family, stamp, *session
local presented = {secret = secret, nonce = nonce, successor = successor}
local outcome, session, user = session_visit(chain_id, generation, presented, math.huge)
if not session then return {outcome, ''} end
if outcome ~= 'alive' then return {outcome, '', unpack(session_reply(session, user))} end
local family_id = redis.call('HGET', session_key(session.sid), 'family')
local family = family_id and family_load(family_id)
if not family or is_denied(family.id) or not session_has(session, family.client, family.stamp) then
  return {'ended', '', unpack(session_reply(session, user))}
end

-- Only to a caller that hands it on: with a strict client the old token's minute begins with the telling.
local told = ''
if handed_on == '*' or string.find(handed_on, ' ' .. family.client .. ' ', 1, true) then
  local chain = chain_load(chain_id)
  if chain.generation == generation then told = chain_tell(chain, interval) end
  step_asked(session, caller)
end
return {'alive', told, family.client, family.scope, family.id, family.stamp, unpack(session_reply(session, user))}
