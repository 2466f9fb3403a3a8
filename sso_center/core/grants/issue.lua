-- Visits a session and, when it is alive and its login recent enough, joins the client and issues a grant.
-- The first six arguments are those of visit.lua; `code` is the hash of the code, `challenge` '' without one, `about`
-- what an older center reads, `life` that of the grant and `kept` that of its record (ms). The login must be at or
-- after `login_after` (ms), and the person must have agreed to `scope` (blanks between) when `needs_consent`.
-- `handle` is what the client's protocol calls the session there, or ''.
-- Returns {'issued' | 'login_needed' | 'consent_needed' | why the session is not alive, nonce or '', session reply...}
--! args: chain_id, generation: number, secret, nonce, successor, interval: number, code, client, redirect_uri, challenge,
--!   about, life: number, kept: number, login_after: number, scope, needs_consent: flag, address, user_agent, handle,
--!   client_nonce

-- Whether a person has agreed to all of a scope for a client; user.consents is '|client=scope scope|...|'.
local function has_consent(user, client, scope)
  local mark = '|' .. client .. '='
  local from, to = string.find(user.consents, mark, 1, true)
  if not from then return false end
  local agreed = ' ' .. string.match(user.consents, '^[^|]*', to + 1) .. ' '
  for one in string.gmatch(scope, '[^ ]+') do
    if not string.find(agreed, ' ' .. one .. ' ', 1, true) then return false end
  end
  return true
end

local presented = {secret = secret, nonce = nonce, successor = successor}
local outcome, session, user, told = session_visit(chain_id, generation, presented, interval)
if not session then return {outcome, ''} end
if outcome ~= 'alive' then return {outcome, '', unpack(session_reply(session, user))} end
if session.stamp < login_after then
  return {'login_needed', told, unpack(session_reply(session, user))}
end
if needs_consent and not has_consent(user, client, scope) then
  return {'consent_needed', told, unpack(session_reply(session, user))}
end

local stamp = next_stamp()
local joined, is_new = session_join(session, client, stamp)
if is_new then
  audit_event('oidc:client:join', session.sub, session.sid, client)
end
if handle ~= '' then session_name(session, client, handle) end
grant_put(code, {client = client, redirect_uri = redirect_uri, challenge = challenge, sid = session.sid,
  stamp = math.max(stamp, joined), about = about, scope = scope, nonce = client_nonce}, life, kept)
session_step(session, client, address, user_agent)
return {'issued', told, unpack(session_reply(session, user))}
