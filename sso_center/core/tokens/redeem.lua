-- Redeems a grant for an access token and, when `chain_id` is given, a refresh token: at most once, whatever the concurrency.
-- `code` is its hash, `redirect_uri` '-' when none was given, `challenge` made from the verifier or '', `hash` that of the
-- access token ('' for a JWT) and `life` its own (ms), `format` its kind. The refresh chain begins with `secret`, `nonce`
-- and `successor`, lives for `chain_life` and may be told again within `retry` (ms).
-- Returns what redemption.lua says
--! args: code, client, redirect_uri, challenge, family_id, hash, life: number, format, chain_id, secret, nonce,
--!   successor, chain_life: number, retry, is_strict: flag
local grant = grant_load(code)
local state, session, user = grant_state(grant, client, redirect_uri, challenge)
if state ~= 'good' then return redemption_refused(state, grant, session, family_id) end

local stamp = math.max(next_stamp(), grant.stamp)
if chain_id ~= '' then
  local family = {id = family_id, client = client, sub = session.sub, sid = session.sid, format = format,
    scope = grant.scope, auth_time = session.stamp, stamp = stamp, epoch = user.refresh_epoch,
    chain = chain_id, retry = retry, deadline = now + chain_life}
  if string.find(' ' .. grant.scope .. ' ', ' offline_access ', 1, true) then
    family.sid = ''
  else
    family.deadline = math.min(family.deadline, session.deadline)
  end
  local presented = {secret = secret, nonce = nonce, successor = successor}
  chain_begin(chain_id, family_id, presented, family.deadline - now + FAMILY_KEPT, is_strict)
  family_begin(family, session)
end
local deadline = now + life
if hash ~= '' then
  token_put(hash, {client = client, sub = session.sub, sid = session.sid, scope = grant.scope, stamp = stamp,
    deadline = deadline, epoch = user.access_epoch, family = family_id, number = 0})
end
return redemption(grant, session, user, stamp, deadline, '', {})
