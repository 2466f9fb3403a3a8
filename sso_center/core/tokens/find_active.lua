-- Says whether an access token counts: expiry, denylist, cut-offs, session, user, client.
-- ARGV: 'opaque', hash of the token
--    or 'jwt', client, sub, sid or '', scope, stamp (ms), deadline (ms), epoch, family or '', number
-- Returns {'active', client, sub, sid, scope, stamp, deadline, family, number, claims or ''} | {'no_user', '', sid, sub}
--       | {'inactive', why}
local f
if args[1] == 'opaque' then
  f = redis.call('HMGET', prefix .. 'token:' .. args[2], 'client', 'sub', 'sid', 'scope', 'stamp', 'deadline', 'epoch',
    'family', 'number')
  -- One without a number is of an older center, which knew no epochs either: whoever holds it asks for another.
  if not f[9] then return {'inactive', 'unknown'} end
else
  f = {unpack(args, 2)}
end
local token = {client = f[1], sub = f[2], sid = f[3], stamp = tonumber(f[5])}
local deadline, epoch, family, number = tonumber(f[6]), f[7], f[8], f[9]
-- Shown too late it shows all the same that the answer which brought it arrived.
if family ~= '' then family_saw(family, tonumber(number) or 0) end
if now >= deadline then return {'inactive', 'expired'} end

if family == '' then
  -- A client's own: no person stands behind it.
  if token.sub ~= token.client then return {'inactive', 'unknown'} end
  if is_denied(number) then return {'inactive', 'revoked'} end
  if token.stamp <= last_cutoff and (token.stamp <= cutoff_at('everyone', '') or is_client_cut_off(token.stamp, token.client)) then
    return {'inactive', 'cut_off'}
  end
  return {'active', f[1], f[2], '', f[4], f[5], f[6], '', number, ''}
end

if is_denied(family) or is_denied(family .. '.' .. number) then return {'inactive', 'revoked'} end
-- What hangs on no session hangs on its family, whose name alone proves nothing.
if token.sid == '' and not family_gave(family_load(family), token) then return {'inactive', 'no_family'} end
local state, user = got_state(token)
if state == 'no_user' then return {'no_user', '', token.sid, token.sub} end
if state ~= 'alive' then return {'inactive', state} end
if user.access_epoch ~= epoch then return {'inactive', 'stale'} end
return {'active', f[1], token.sub, token.sid, f[4], f[5], f[6], family, number, user.claims}
