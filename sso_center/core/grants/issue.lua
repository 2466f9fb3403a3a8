-- Visits a session and, when it is alive and its login recent enough, joins the client and issues a grant.
-- `<prefix>grant:<hash of the code>` is a hash of client, redirect, challenge, sid, stamp, deadline (ms),
-- about (JSON: scope, nonce), redeemed (ms, once it was).
-- ARGV: the six of visit.lua; then hash of the code, client, redirect address, challenge or '', about,
--       life of the grant (ms), how long its record is kept (ms), the login must be at or after this (ms)
-- Returns {'issued' | 'login_needed' | why the session is not alive, nonce or '', session reply...}
local presented = {secret = args[3], nonce = args[4], successor = args[5]}
local outcome, session, user, nonce = session_visit(args[1], tonumber(args[2]), presented, tonumber(args[6]))
if not session then return {outcome, ''} end
if outcome ~= 'alive' then return {outcome, '', unpack(session_reply(session, user))} end
if session.stamp < tonumber(args[14]) then
  return {'login_needed', nonce, unpack(session_reply(session, user))}
end

local stamp, client, key = next_stamp(), args[8], prefix .. 'grant:' .. args[7]
local joined, is_new = session_join(session, client, stamp)
if is_new then
  audit_event('oidc:client:join', session.sub, session.sid, client)
end
redis.call('HSET', key, 'client', client, 'redirect', args[9], 'challenge', args[10], 'sid', session.sid,
  'stamp', math.max(stamp, joined), 'deadline', now + tonumber(args[12]), 'about', args[11])
redis.call('PEXPIRE', key, tonumber(args[13]))
return {'issued', nonce, unpack(session_reply(session, user))}
