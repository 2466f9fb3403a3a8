-- Redeems a grant for nothing but the answer who it is: the ticket of a protocol that has no tokens.
-- `code` is its hash; `handle` is what the client's protocol calls the session from here on, or ''.
-- It is replayed while the join that it was issued for stands: of a former one there is nothing left to end.
-- Returns {'validated', ...} | {'no_user', '', sid, sub} | {'replayed', ...} | {'refused', why}
--! args: code, client, redirect_uri, handle
--! reply validated: scope, *login
--! reply replayed: sub, sid
local grant = grant_load(code)
local state, session, user = grant_state(grant, client, redirect_uri, '')
if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, nil))} end
if state == 'replayed' and session and session_has(session, client, grant.stamp) then
  return {'replayed', session.sub, session.sid}
end
if state ~= 'good' then return {'refused', state} end
grant_redeem(grant, '')
if handle ~= '' then session_name(session, client, handle) end
audit_event('oidc:grant:redeem', session.sub, session.sid, client)
return {'validated', grant.scope, unpack(session_reply(session, user))}
