-- Redeems a grant: at most once, whatever the concurrency. Wrong client or verifier: refused, and neither burnt
-- nor harmful, so that nobody but its owner can spoil it.
-- ARGV: 1 hash of the code, 2 client, 3 redirect address or '-' (not given), 4 challenge made from the verifier or '',
--       5 hash of the access token ('' for a JWT), 6 its life (ms), 7 family, 8 format (opaque, jwt, app),
--       9 chain id ('' when no refresh or app token is given), 10-12 hash of its secret, nonce, hash of its successor,
--       13 life of the chain (ms), 14 retry window (ms), 15 strict ('1' or '0'),
--       app only: 16 sid, 17 hash of the device's id or '', 18 limit, 19 policy, 20 by device type, 21 id for endings,
--       22 address, 23 user agent
-- Returns {'redeemed', scope, nonce or '', stamp, deadline (ms), app's sid, {sid that it closed...},
--          session reply of the login...} | {'replayed', sub, app's sid or ''} | {'no_user', '', sid, sub} | {'refused', why}
-- How the person of a session proved who they are, as a family keeps it.
local function login_of(session)
  local about = about_read(session.about)
  return cjson.encode({v = 2, amr = about.amr, acr = about.acr})
end

local key = prefix .. 'grant:' .. args[1]
local f = redis.call('HMGET', key, 'client', 'redirect', 'challenge', 'sid', 'stamp', 'deadline', 'about', 'redeemed',
  'scope', 'gave', 'nonce')
if not f[1] then return {'refused', 'unknown'} end
local client, sid, stamp, family_id, format = f[1], f[4], tonumber(f[5]), args[7], args[8]
if client ~= args[2] then return {'refused', 'wrong_client'} end
if f[3] ~= args[4] then return {'refused', 'wrong_verifier'} end
if args[3] ~= f[2] then return {'refused', 'wrong_redirect_uri'} end

local session = session_load(sid)
if f[8] then
  -- Once taken back it need not be taken back again: a flood of replays writes nothing.
  if is_denied(family_id) or (f[10] and is_denied(f[10])) then return {'refused', 'replayed'} end
  local gave = family_load(family_id) -- what is offline outlives the session, and knows its person still
  return {'replayed', gave and gave.sub or session and session.sub or '', f[10] or ''}
end
if now >= tonumber(f[6]) then return {'refused', 'expired'} end
-- A store that came back may have forgotten that this grant was redeemed.
if stamp <= last_cutoff and stamp <= cutoff_at('grants', '') then return {'refused', 'voided'} end
local user = session and user_load(session.sub)
local state = session_state(session, user)
if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, user))} end
if state ~= 'alive' then return {'refused', 'session_' .. state} end
if not session_has(session, client, stamp) then return {'refused', 'client_left'} end

local scope, nonce = f[9], f[11]
if not nonce then
  -- An older center issued it, and wrote both into `about`; can go one release later.
  local about = cjson.decode(f[7])
  scope, nonce = scope or table.concat(about[1], ' '), about[2] ~= cjson.null and about[2] or ''
end
local presented, app_sid, closed = {secret = args[10], nonce = args[11], successor = args[12]}, '', {}
local is_offline = args[9] ~= '' and string.find(' ' .. scope .. ' ', ' offline_access ', 1, true) ~= nil
local born = math.max(next_stamp(), stamp)
local family = args[9] ~= '' and {id = family_id, client = client, sub = session.sub, sid = sid, format = format,
  scope = scope, login = login_of(session), legacy_about = session.legacy_about, auth_time = session.stamp, stamp = born, epoch = user.refresh_epoch,
  chain = args[9], retry = tonumber(args[14])}

if format == 'app' then
  -- The app is a device of its own: it gets a session, which its token opens as a cookie opens a browser's.
  app_sid = args[16]
  local device = args[17] ~= '' and args[17] or session.device
  local replaced, is_replaced = app_sessions_on(session.sub, client, device)
  local is_room
  is_room, closed =
    session_make_room(session.sub, 'app', tonumber(args[18]), args[19], args[20] == '1', args[21], is_replaced)
  if not is_room then return {'refused', 'too_many_sessions'} end
  for _, one in ipairs(replaced) do
    session_close(one, args[21] .. ':' .. one, 'replaced', session.sub)
    closed[#closed + 1] = one
  end
  local about = about_read(session.about)
  about.opened_at, about.remembered = now, true
  if args[23] ~= '' then about.user_agent = args[23] end
  if args[22] ~= '' then about.address = args[22] end
  local app = session_begin({sid = app_sid, sub = session.sub, chain = args[9], epoch = user.epoch,
    idle = tonumber(args[13]), life = tonumber(args[13]), about = cjson.encode(about), kind = 'app', device = device,
    device_type = 'app'}, presented, args[15] == '1')
  -- The proof of identity is the login's, not the redemption's.
  redis.call('HSET', session_key(app_sid), 'family', family_id)
  session_join(app, client, born)
  family.sid, family.deadline, family.chain, family.stamp = app_sid, app.deadline, '', math.max(born, app.stamp)
  family_begin(family)
elseif family then
  family.deadline = now + tonumber(args[13])
  if is_offline then
    family.sid = ''
  else
    family.deadline = math.min(family.deadline, session.deadline)
  end
  chain_begin(args[9], family_id, presented, family.deadline - now + FAMILY_KEPT, args[15] == '1')
  family_begin(family)
end

redis.call('HSET', key, 'redeemed', now, 'gave', app_sid)
local deadline = format == 'app' and family.deadline or now + tonumber(args[6])
if args[5] ~= '' then
  token_put(args[5], {client = client, sub = session.sub, sid = sid, scope = scope, stamp = born, deadline = deadline,
    epoch = user.access_epoch, family = family_id, number = 0})
end
audit_event('oidc:grant:redeem', session.sub, sid, client)
local reply = {'redeemed', scope, nonce, born, deadline, app_sid, closed}
for _, part in ipairs(session_reply(session, user)) do reply[#reply + 1] = part end
return reply
