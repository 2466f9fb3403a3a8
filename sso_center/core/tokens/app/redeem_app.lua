-- Redeems a grant for an app token. The app is a device of its own: it gets the session `sid`, which its token opens as a
-- cookie opens a browser's, and which lives for `life` (ms).
-- `code`, `redirect_uri` and `challenge` are as in redeem.lua; the chain begins with `secret`, `nonce` and `successor`;
-- `device` is the hash of the device's id or ''; `limit`, `policy`, `by_type` and `ending` are for session_make_room.
-- Returns what redemption.lua says
--! args: code, client, redirect_uri, challenge, family_id, chain_id, secret, nonce, successor, life: number,
--!   is_strict: flag, sid, device, limit: number, policy, by_type: flag, ending, address, user_agent
local grant = grant_load(code)
local state, session, user = grant_state(grant, client, redirect_uri, challenge)
if state ~= 'good' then return redemption_refused(state, grant, session, family_id) end

if device == '' then device = session.device end
local replaced, is_replaced = app_sessions_on(session.sub, client, device)
local is_room, closed = session_make_room(session.sub, 'app', limit, policy, by_type, ending, is_replaced)
if not is_room then return {'refused', 'too_many_sessions'} end
for _, one in ipairs(replaced) do
  session_close(one, ending .. ':' .. one, 'replaced', session.sub)
  closed[#closed + 1] = one
end

local about = about_read(session.about)
about.opened_at, about.remembered = now, true
if user_agent ~= '' then about.user_agent = user_agent end
if address ~= '' then about.address = address end
local stamp = math.max(next_stamp(), grant.stamp)
local app = session_begin({sid = sid, sub = session.sub, chain = chain_id, epoch = user.epoch, idle = life, life = life,
  about = cjson.encode(about), kind = 'app', device = device, device_type = 'app'},
  {secret = secret, nonce = nonce, successor = successor}, is_strict)
redis.call('HSET', session_key(sid), 'family', family_id)
session_join(app, client, stamp)
-- The proof of identity is the login's, not the redemption's.
family_begin({id = family_id, client = client, sub = session.sub, sid = sid, format = 'app', scope = grant.scope,
  auth_time = session.stamp, stamp = math.max(stamp, app.stamp), epoch = user.refresh_epoch,
  chain = '', retry = 0, deadline = app.deadline}, session)
return redemption(grant, session, user, stamp, app.deadline, sid, closed)
