-- What every way of redeeming a grant answers, whatever it gives.
-- 'replayed': its owner presented it again, and what it gave, the app's session `gave` or else the family, must end.
-- {'no_user'} asks for the user's copy; {'refused', why} is for the log.
--! reply redeemed: scope, nonce, stamp, deadline, app_sid, closed, *login
--! reply replayed: sub, gave

-- The answer to a grant whose state is not 'good'.
local function redemption_refused(state, grant, session, family_id)
  if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, nil))} end
  if state ~= 'replayed' then return {'refused', state} end
  -- Once taken back it need not be taken back again: a flood of replays writes nothing.
  if is_denied(family_id) or is_denied(grant.gave) then return {'refused', 'replayed'} end
  local family = family_load(family_id) -- what is offline outlives the session, and knows its person still
  return {'replayed', family and family.sub or session and session.sub or '', grant.gave}
end

-- Spends the grant, in the same step in which what it gives was written. `stamp` and `deadline` are those of the access
-- token, `app_sid` is the session that it opened for an app or '', `closed` are the sids of those that made room.
local function redemption(grant, session, user, stamp, deadline, app_sid, closed)
  grant_redeem(grant, app_sid)
  audit_event('oidc:grant:redeem', session.sub, session.sid, grant.client)
  return {'redeemed', grant.scope, grant.nonce, stamp, deadline, app_sid, closed, unpack(session_reply(session, user))}
end
