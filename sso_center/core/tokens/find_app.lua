-- Says what an app token opens, as visit.lua does for a cookie, and touches it.
-- ARGV: chain id, generation, hash of the secret, fresh nonce, hash of its successor, interval (ms),
--       the clients whose successors the caller hands on, with blanks around each, or '*', the caller
-- Returns {'alive', nonce, client, scope, family, stamp, session reply...} | {outcome, '', session reply...}
local presented = {secret = args[3], nonce = args[4], successor = args[5]}
local outcome, session, user = session_visit(args[1], tonumber(args[2]), presented, math.huge)
if not session then return {outcome, ''} end
if outcome ~= 'alive' then return {outcome, '', unpack(session_reply(session, user))} end
local family_id = redis.call('HGET', session_key(session.sid), 'family')
local family = family_id and family_load(family_id)
if not family or is_denied(family.id) or not session_has(session, family.client, family.stamp) then
  return {'ended', '', unpack(session_reply(session, user))}
end

-- Only to a caller that hands it on: with a strict client the old token's minute begins with the telling.
local nonce = ''
if args[7] == '*' or string.find(args[7], ' ' .. family.client .. ' ', 1, true) then
  local chain = chain_load(args[1])
  if chain.generation == tonumber(args[2]) then nonce = chain_tell(chain, tonumber(args[6])) end
  step_asked(session, args[8])
end
return {'alive', nonce, family.client, family.scope, family.id, family.stamp, unpack(session_reply(session, user))}
