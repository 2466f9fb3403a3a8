-- Opens a session, or opens a living one of the same user anew: same sid, new chain, new proof of identity.
-- `chain_id`, `secret`, `nonce` and `successor` begin its chain as in visit.lua; `idle` and `life` are in ms; `earlier` is
-- the sid of this browser's session so far, or ''. `limit`, `policy`, `by_type` and `ending` are for session_make_room.
-- {'full'} says how many are living, and of which device type or ''; {'changed'}: the account changed since the password
-- was checked.
--! args: sid, sub, epoch, chain_id, secret, nonce, successor, idle: number, life: number, about, earlier, address,
--!   user_agent, device, device_type, limit: number, policy, by_type: flag, ending
--! reply opened: stamp, sid, evicted
--! reply full: living, device_type
local s = {sid = sid, sub = sub, epoch = epoch, chain = chain_id, idle = idle, life = life, about = about,
  kind = 'browser', device = device, device_type = device_type}
local presented = {secret = secret, nonce = nonce, successor = successor}
local user = user_load(sub)
if not user then return {'no_user'} end
if user.disabled or user.epoch ~= epoch then return {'changed'} end

-- A new login of the same person keeps the sid, so that the sites of this browser stay joined to it, and takes no
-- other place.
local old = earlier ~= '' and session_load(earlier)
if old and old.sub == sub and session_state(old, user) == 'alive' then
  redis.call('DEL', chain_key(old.chain))
  redis.call('SET', gone_key(old.chain), 'replaced', 'PX', SESSION_KEPT)
  steps_settle(old)
  s.sid = earlier
  session_begin(s, presented, false)
  for _, key in ipairs({participants_key(s.sid), handles_key(s.sid), steps_key(s.sid)}) do
    redis.call('PEXPIRE', key, life + SESSION_KEPT)
  end
  audit_event('login:session:reopen', sub, s.sid, '', address, user_agent)
  return {'opened', s.stamp, s.sid, {}}
end

local is_room, evicted, living = session_make_room(sub, device_type, limit, policy, by_type, ending, {})
if not is_room then
  audit_event('login:session:refuse', sub, '', '', address, user_agent)
  return {'full', living, by_type and device_type or ''}
end
session_begin(s, presented, false)
audit_event('login:session:open', sub, sid, '', address, user_agent)
return {'opened', s.stamp, s.sid, evicted}
