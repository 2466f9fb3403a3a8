-- Redeems a grant: at most once, whatever the concurrency. Wrong client or verifier: refused, and neither burnt
-- nor harmful, so that nobody but its owner can spoil it.
-- `<prefix>token:<hash>` is a hash of client, sub, sid, scope, stamp, deadline (ms), family.
-- ARGV: hash of the code, client, redirect address or '-' (not given), challenge made from the verifier or '',
--       hash of the access token, its life (ms), family
-- Returns {'redeemed', about of the grant, session reply...} | {'replayed', sub} | {'no_user', '', ...} | {'refused', why}
local key = prefix .. 'grant:' .. args[1]
local f = redis.call('HMGET', key, 'client', 'redirect', 'challenge', 'sid', 'stamp', 'deadline', 'about', 'redeemed')
if not f[1] then return {'refused', 'unknown'} end
local client, sid, stamp = f[1], f[4], tonumber(f[5])
if client ~= args[2] then return {'refused', 'wrong_client'} end
if f[3] ~= args[4] then return {'refused', 'wrong_verifier'} end
if args[3] ~= f[2] then return {'refused', 'wrong_redirect_uri'} end

local session = session_load(sid)
if f[8] then
  -- Once taken back it need not be taken back again: a flood of replays writes nothing.
  if redis.call('EXISTS', prefix .. 'denied:' .. args[7]) == 1 then return {'refused', 'replayed'} end
  return {'replayed', session and session.sub or ''}
end
if now >= tonumber(f[6]) then return {'refused', 'expired'} end
-- A store that came back may have forgotten that this grant was redeemed.
if stamp <= last_cutoff and stamp <= cutoff_at('grants', '') then return {'refused', 'voided'} end
local user = session and user_load(session.sub)
local state = session_state(session, user)
if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, user))} end
if state ~= 'alive' then return {'refused', 'session_' .. state} end
if not session_has(session, client, stamp) then return {'refused', 'client_left'} end

redis.call('HSET', key, 'redeemed', now)
local token, life = prefix .. 'token:' .. args[5], tonumber(args[6])
redis.call('HSET', token, 'client', client, 'sub', session.sub, 'sid', sid, 'about', f[7], 'stamp', math.max(next_stamp(), stamp),
  'deadline', now + life, 'family', args[7])
redis.call('PEXPIRE', token, life + 60000)
audit_event('oidc:grant:redeem', session.sub, sid, client)
return {'redeemed', f[7], unpack(session_reply(session, user))}
