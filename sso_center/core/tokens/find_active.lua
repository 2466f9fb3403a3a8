-- Says whether an access token counts: expiry, denylist, cut-offs, session, user, client.
-- An opaque one is asked for by its `hash`; a JWT says the rest itself, and has '' for it. `sid` and `family` may be ''.
-- Returns {'active', ...} | {'no_user', '', sid, sub} | {'inactive', why}
--! args: hash, client, sub, sid, scope, stamp: number, deadline: number, epoch, family, number
--! reply active: client, sub, sid, scope, stamp, deadline, family, number, claims
local token = {client = client, sub = sub, sid = sid, scope = scope, stamp = stamp, deadline = deadline, epoch = epoch,
  family = family, number = number}
if hash ~= '' then token = token_load(hash) end
if not token then return {'inactive', 'unknown'} end
-- Shown too late it shows all the same that the answer which brought it arrived.
if token.family ~= '' then family_saw(token.family, tonumber(token.number) or 0) end
if now >= token.deadline then return {'inactive', 'expired'} end

if token.family == '' then
  -- A client's own: no person stands behind it.
  if token.sub ~= token.client then return {'inactive', 'unknown'} end
  if is_denied(token.number) then return {'inactive', 'revoked'} end
  if token.stamp <= last_cutoff and (token.stamp <= cutoff_at('everyone', '') or is_client_cut_off(token.stamp, token.client)) then
    return {'inactive', 'cut_off'}
  end
  return {'active', token.client, token.sub, '', token.scope, token.stamp, token.deadline, '', token.number, ''}
end

if is_denied(token.family) or is_denied(token.family .. '.' .. token.number) then return {'inactive', 'revoked'} end
-- What hangs on no session hangs on its family, whose name alone proves nothing.
if token.sid == '' and not family_gave(family_load(token.family), token) then return {'inactive', 'no_family'} end
local state, user = got_state(token)
if state == 'no_user' then return {'no_user', '', token.sid, token.sub} end
if state ~= 'alive' then return {'inactive', state} end
if user.access_epoch ~= token.epoch then return {'inactive', 'stale'} end
return {'active', token.client, token.sub, token.sid, token.scope, token.stamp, token.deadline, token.family,
  token.number, user.claims}
