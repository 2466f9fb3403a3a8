-- Opens a session, or opens a living one of the same user anew: same sid, new chain, new proof of identity.
-- ARGV: sid, sub, epoch, chain id, hash of its secret, nonce, hash of its successor, idle (ms), life (ms), about,
--       the sid of this browser's session so far or '', address, user agent
-- Returns {'opened', stamp, sid} | {'no_user'} | {'changed'} (the account changed since the password was checked)
local sid, sub, epoch = args[1], args[2], args[3]
local idle, life, about, earlier = tonumber(args[8]), tonumber(args[9]), args[10], args[11]
local user = user_load(sub)
if not user then return {'no_user'} end
if user.disabled or user.epoch ~= epoch then return {'changed'} end

local tag = 'login:session:open'
-- A new login of the same person keeps the sid, so that the sites of this browser stay joined to it.
if earlier ~= '' then
  local old = session_load(earlier)
  if old and old.sub == sub and session_state(old, user) == 'alive' then
    sid, tag = earlier, 'login:session:reopen'
    redis.call('DEL', chain_key(old.chain))
  end
end

local session = {sid = sid, sub = sub, chain = args[4], stamp = next_stamp(), idle = idle,
  idle_deadline = now + idle, deadline = now + life}
redis.call('HSET', session_key(sid), 'sub', sub, 'chain', session.chain, 'stamp', session.stamp, 'epoch', epoch,
  'idle', idle, 'idle_deadline', session.idle_deadline, 'deadline', session.deadline, 'seen', now, 'about', about)
redis.call('PEXPIRE', session_key(sid), life + SESSION_KEPT)
if redis.call('EXISTS', participants_key(sid)) == 1 then
  redis.call('PEXPIRE', participants_key(sid), life + SESSION_KEPT)
end
chain_begin(session.chain, sid, {secret = args[5], nonce = args[6], successor = args[7]}, life + SESSION_KEPT, false)
redis.call('ZADD', user_sessions_key(sub), session.deadline, sid)
redis.call('PEXPIRE', user_sessions_key(sub), HORIZON)
index_deadline(session)
audit_event(tag, sub, sid, '', args[12], args[13])
return {'opened', session.stamp, sid}
