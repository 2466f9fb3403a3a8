-- Visits a session and, when it is alive and its login recent enough, joins the client and issues a grant.
-- `<prefix>grant:<hash of the code>` is a hash of client, redirect, challenge, sid, stamp, deadline (ms),
-- scope, nonce, redeemed (ms, once it was), gave (the sid of an app's session); and of about (JSON: scope, nonce), for an
-- older center that runs beside this one.
-- ARGV: the six of visit.lua; then hash of the code, client, redirect address, challenge or '', about,
--       life of the grant (ms), how long its record is kept (ms), the login must be at or after this (ms),
--       scope, with blanks between, '1' when the person must have agreed to it, address, user agent,
--       nonce or ''
-- Returns {'issued' | 'login_needed' | 'consent_needed' | why the session is not alive, nonce or '', session reply...}
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

local presented = {secret = args[3], nonce = args[4], successor = args[5]}
local outcome, session, user, nonce = session_visit(args[1], tonumber(args[2]), presented, tonumber(args[6]))
if not session then return {outcome, ''} end
if outcome ~= 'alive' then return {outcome, '', unpack(session_reply(session, user))} end
if session.stamp < tonumber(args[14]) then
  return {'login_needed', nonce, unpack(session_reply(session, user))}
end

local scope = args[15]
if args[16] == '1' and not has_consent(user, args[8], scope) then
  return {'consent_needed', nonce, unpack(session_reply(session, user))}
end

local stamp, client, key = next_stamp(), args[8], prefix .. 'grant:' .. args[7]
local joined, is_new = session_join(session, client, stamp)
if is_new then
  audit_event('oidc:client:join', session.sub, session.sid, client)
end
redis.call('HSET', key, 'client', client, 'redirect', args[9], 'challenge', args[10], 'sid', session.sid,
  'stamp', math.max(stamp, joined), 'deadline', now + tonumber(args[12]), 'about', args[11],
  'scope', scope, 'nonce', args[19])
redis.call('PEXPIRE', key, tonumber(args[13]))
session_step(session, client, args[17], args[18])
return {'issued', nonce, unpack(session_reply(session, user))}
