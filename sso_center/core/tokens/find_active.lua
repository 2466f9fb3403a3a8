-- Says whether an opaque access token counts: expiry, denylist, cut-offs, session, user, client. Writes nothing.
-- ARGV: hash of the token
-- Returns {'active', client, sid, about, stamp, deadline, claims, sub} | {'no_user', '', session reply...} | {'inactive', why}
local f = redis.call('HMGET', prefix .. 'token:' .. args[1], 'client', 'sid', 'about', 'stamp', 'deadline', 'family')
if not f[1] then return {'inactive', 'unknown'} end
if now >= tonumber(f[5]) then return {'inactive', 'expired'} end
if redis.call('EXISTS', prefix .. 'denied:' .. f[6]) == 1 then return {'inactive', 'revoked'} end
local session = session_load(f[2])
local user = session and user_load(session.sub)
local state = session_state(session, user)
if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, user))} end
if state ~= 'alive' then return {'inactive', 'session_' .. state} end
if not session_has(session, f[1], tonumber(f[4])) then return {'inactive', 'client_left'} end
return {'active', f[1], f[2], f[3], f[4], f[5], user.claims, session.sub}
