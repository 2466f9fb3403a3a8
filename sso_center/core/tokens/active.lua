-- The one answer to "does this access token count": expiry, denylist, cut-offs, session, user, client.
-- `token` is as token_load gives it, nil when there is none; a JWT says the same itself.
-- Returns {'active', ...} | {'no_user', '', sid, sub} | {'inactive', why}
--! reply active: client, sub, sid, scope, stamp, deadline, family, number, claims
local function token_verdict(token)
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
end
