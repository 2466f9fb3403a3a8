-- Uses a refresh token: tells its successor with an access token, or the same answer once more, or finds a theft.
-- `asked` is the scope asked for, with blanks between, or ''; `hash` that of the access token ('' for a JWT), `life` its
-- own (ms). `stamp`, `deadline`, `epoch` and `scope` of the reply are the access token's, `number` is its place in the
-- family; `login` and `auth_time` are the login's.
-- Returns {'refreshed', ...} | {'reuse', family, sub} | {'scope'} | {'no_user', '', sid, sub} | {'refused', why}
--! args: chain_id, generation: number, secret, nonce, successor, client, asked, hash, life: number
--! reply refreshed: nonce, family, number, stamp, deadline, epoch, scope, sub, sid, claims, login, auth_time
--! reply reuse: family, sub
local presented = {secret = secret, nonce = nonce, successor = successor}
local chain = chain_load(chain_id)
local family = chain and family_load(chain.owner)
if not family then return {'refused', 'unknown'} end
-- A stolen token in the hands of another client proves nothing about its owner, and must not harm it.
if family.client ~= client then return {'refused', 'wrong_client'} end
local verdict = refresh_judge(chain, family, generation, presented.secret)
if verdict == 'unknown' then return {'refused', 'unknown'} end
local state, user, session = family_state(family)
if state == 'no_user' then return {'no_user', '', family.sid, family.sub} end
if state ~= 'alive' then return {'refused', state} end
if verdict == 'rollback' then return {'refused', 'rollback'} end
if verdict == 'reuse' then return {'reuse', family.id, family.sub} end

local scope = family.scope
if asked ~= '' then
  for one in string.gmatch(asked, '[^ ]+') do
    if not string.find(' ' .. family.scope .. ' ', ' ' .. one .. ' ', 1, true) then return {'scope'} end
  end
  scope = asked
end

local function answer(told, issued)
  local stamp, deadline, epoch, given = string.match(issued, '^(%d+):(%d+):(%d+):(.*)$')
  if session then session_touch(session) end
  return {'refreshed', told, family.id, generation, stamp, deadline, epoch, given, family.sub, family.sid, user.claims,
    family.login, family.auth_time}
end

-- The same answer once more. A token that was a JWT when it was issued is kept nowhere, and may be asked for as an
-- opaque one now: the client was registered otherwise meanwhile.
local function answer_again(told, issued)
  if hash ~= '' and redis.call('EXISTS', prefix .. 'token:' .. hash) == 0 then
    local stamp, deadline, epoch, given = string.match(issued, '^(%d+):(%d+):(%d+):(.*)$')
    token_put(hash, {client = family.client, sub = family.sub, sid = family.sid, scope = given, stamp = stamp,
      deadline = deadline, epoch = epoch, family = family.id, number = generation})
  end
  return answer(told, issued)
end

-- Issues an access token; more fields of the family may change with it.
local function issue(...)
  local token = {client = family.client, sub = family.sub, sid = family.sid, scope = scope,
    stamp = math.max(next_stamp(), family.stamp), deadline = now + life, epoch = user.access_epoch,
    family = family.id, number = generation}
  if hash ~= '' then token_put(hash, token) end
  local issued = string.format('%.0f:%.0f:%s:%s', token.stamp, token.deadline, token.epoch, scope)
  redis.call('HSET', family_key(family.id), 'issued', issued, 'format', hash == '' and 'jwt' or 'opaque', ...)
  return issued
end

if verdict == 'overlap' then return answer_again(family.nonce_before, family.issued_before) end

if verdict == 'successor' then
  chain_advance(chain, presented)
  local issued = issue('told', now, 'advanced', now, 'nonce_before', chain.nonce, 'issued_before', family.issued or '')
  chain.nonce, chain.born, chain.told = presented.nonce, now, 0
  return answer(chain_tell(chain, 0), issued)
end

if verdict == 'first' then
  local issued = issue('told', now)
  return answer(chain_tell(chain, 0), issued)
end

-- For all we know a late answer is the first to arrive, and others of the same client may be asking beside it.
if verdict == 'late' then redis.call('HSET', family_key(family.id), 'told', now) end
local issued = family.issued
local deadline, epoch, given = string.match(issued, '^%d+:(%d+):(%d+):(.*)$')
-- An access token that was seen may have been revoked: it is told again as it is, dead, and not brought back to life.
if family.seen ~= generation and (now >= tonumber(deadline) or epoch ~= user.access_epoch) then
  scope = given
  issued = issue()
end
return answer_again(chain.nonce, issued)
