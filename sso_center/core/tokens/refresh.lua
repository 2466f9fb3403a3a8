-- Uses a refresh token: tells its successor with an access token, or the same answer once more, or finds a theft.
-- ARGV: 1 chain id, 2 generation, 3-5 hash of the secret, fresh nonce, hash of its successor, 6 client,
--       7 scope asked for, with blanks between, or '', 8 hash of the access token ('' for a JWT), 9 its life (ms)
-- Returns {'refreshed', nonce, family, generation, stamp, deadline, epoch and scope of the access token, sub, sid or '',
--          claims, about and auth_time of the login}
--       | {'reuse', family, sub} | {'scope'} | {'no_user', '', sid, sub} | {'refused', why}
local generation, presented = tonumber(args[2]), {secret = args[3], nonce = args[4], successor = args[5]}
local chain = chain_load(args[1])
local family = chain and family_load(chain.owner)
if not family then return {'refused', 'unknown'} end
-- A stolen token in the hands of another client proves nothing about its owner, and must not harm it.
if family.client ~= args[6] then return {'refused', 'wrong_client'} end
local verdict = chain_judge(chain, generation, presented.secret)
if verdict == 'unknown' then return {'refused', 'unknown'} end
local state, user, session = family_state(family)
if state == 'no_user' then return {'no_user', '', family.sid, family.sub} end
if state ~= 'alive' then return {'refused', state} end
if verdict == 'rollback' then return {'refused', 'rollback'} end
if verdict == 'reuse' then return {'reuse', family.id, family.sub} end

local scope = family.scope
if args[7] ~= '' then
  for one in string.gmatch(args[7], '[^ ]+') do
    if not string.find(' ' .. family.scope .. ' ', ' ' .. one .. ' ', 1, true) then return {'scope'} end
  end
  scope = args[7]
end

local function answer(nonce, issued)
  local stamp, deadline, epoch, given = string.match(issued, '^(%d+):(%d+):(%d+):(.*)$')
  if session then session_touch(session) end
  return {'refreshed', nonce, family.id, generation, stamp, deadline, epoch, given, family.sub, family.sid, user.claims,
    family.about, family.auth_time}
end

local function issue()
  local token = {client = family.client, sub = family.sub, sid = family.sid, scope = scope,
    stamp = math.max(next_stamp(), family.stamp), deadline = now + tonumber(args[9]), epoch = user.access_epoch,
    family = family.id, number = generation}
  if args[8] ~= '' then token_put(args[8], token) end
  return string.format('%.0f:%.0f:%s:%s', token.stamp, token.deadline, token.epoch, scope)
end

if verdict == 'overlap' then
  -- A successor that was used but never told shows that the store lost the telling, and with it the answer.
  if family.issued_before == '' then return {'refused', 'rollback'} end
  -- The answer to a request that was under way when another of the same client used its successor.
  if now > family.advanced + REFRESH_AGAIN then return {'reuse', family.id, family.sub} end
  return answer(family.nonce_before, family.issued_before)
end

if verdict == 'successor' then
  chain_advance(chain, presented)
  local issued = issue()
  redis.call('HSET', family_key(family.id), 'advanced', now, 'nonce_before', chain.nonce,
    'issued_before', family.issued or '', 'told', now, 'issued', issued)
  chain.nonce, chain.born, chain.told = presented.nonce, now, 0
  return answer(chain_tell(chain, 0), issued)
end

if family.told == 0 then
  local issued = issue()
  redis.call('HSET', family_key(family.id), 'told', now, 'issued', issued)
  return answer(chain_tell(chain, 0), issued)
end

-- The same token again. Within its window that is a lost answer; after it, too, as long as nothing shows that the
-- answer arrived. A JWT is checked where we can't see it, so of its arrival nothing is known: the window decides.
local is_seen, is_late = family.seen == generation, now > family.told + family.retry
if is_late then
  if is_seen or family.format == 'jwt' or args[8] == '' then return {'reuse', family.id, family.sub} end
  -- For all we know this is the first answer to arrive. Others of the same client may be asking beside it.
  redis.call('HSET', family_key(family.id), 'told', now)
end
local issued = family.issued
local deadline, epoch, given = string.match(issued, '^%d+:(%d+):(%d+):(.*)$')
-- One that was seen may have been revoked: it is told again as it is, dead, and not brought back to life.
if not is_seen and (now >= tonumber(deadline) or epoch ~= user.access_epoch) then
  scope = given
  issued = issue()
  redis.call('HSET', family_key(family.id), 'issued', issued)
end
return answer(chain.nonce, issued)
