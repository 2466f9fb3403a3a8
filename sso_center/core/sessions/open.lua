-- Opens a session, or opens a living one of the same user anew: same sid, new chain, new proof of identity.
-- ARGV: sid, sub, epoch, chain id, hash of its secret, nonce, hash of its successor, idle (ms), life (ms), about,
--       the sid of this browser's session so far or '', address, user agent, device, device type,
--       how many sessions a user may have or 0, 'end_oldest' or 'refuse', '1' when counted by device type,
--       the id of the endings of those that make room
-- Returns {'opened', stamp, sid, {evicted sid...}} | {'full', how many are living, of which device type or ''} | {'no_user'} |
--         {'changed'} (the account changed since the password was checked)
local s = {sid = args[1], sub = args[2], epoch = args[3], chain = args[4], idle = tonumber(args[8]),
  life = tonumber(args[9]), about = args[10], kind = 'browser', device = args[14], device_type = args[15]}
local earlier, presented = args[11], {secret = args[5], nonce = args[6], successor = args[7]}
local user = user_load(s.sub)
if not user then return {'no_user'} end
if user.disabled or user.epoch ~= s.epoch then return {'changed'} end

-- A new login of the same person keeps the sid, so that the sites of this browser stay joined to it, and takes no
-- other place.
local old = earlier ~= '' and session_load(earlier)
if old and old.sub == s.sub and session_state(old, user) == 'alive' then
  redis.call('DEL', chain_key(old.chain))
  redis.call('SET', gone_key(old.chain), 'replaced', 'PX', SESSION_KEPT)
  steps_settle(old)
  s.sid = earlier
  session_begin(s, presented, false)
  for _, key in ipairs({participants_key(s.sid), steps_key(s.sid)}) do
    redis.call('PEXPIRE', key, s.life + SESSION_KEPT)
  end
  audit_event('login:session:reopen', s.sub, s.sid, '', args[12], args[13])
  return {'opened', s.stamp, s.sid, {}}
end

local is_room, evicted, living =
  session_make_room(s.sub, s.device_type, tonumber(args[16]), args[17], args[18] == '1', args[19], {})
if not is_room then
  audit_event('login:session:refuse', s.sub, '', '', args[12], args[13])
  return {'full', living, args[18] == '1' and s.device_type or ''}
end
session_begin(s, presented, false)
audit_event('login:session:open', s.sub, s.sid, '', args[12], args[13])
return {'opened', s.stamp, s.sid, evicted}
