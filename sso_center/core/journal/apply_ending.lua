-- Step 2 of an ending: removes the session and its chain, and denies the sid for as long as a token may live.
-- Safe to repeat, and during a recovery. For a week the chain remembers why, for whoever still presents its
-- token.
-- `kept` is for how long tokens may outlive it (ms), `reason` why it ended when the session does not know.
--! args: sid, sub, kept, reason
local f = redis.call('HMGET', session_key(sid), 'chain', 'closed_reason')
if f[1] then
  redis.call('DEL', chain_key(f[1]))
  redis.call('SET', gone_key(f[1]), f[2] or reason, 'PX', SESSION_KEPT)
end
for _, client in ipairs(redis.call('HKEYS', participants_key(sid))) do
  redis.call('ZREM', client_sessions_key(client), sid)
end
redis.call('DEL', session_key(sid), participants_key(sid), handles_key(sid), steps_key(sid))
redis.call('ZREM', user_sessions_key(sub), sid)
for _, index in ipairs({'deadlines', 'closed', 'seen'}) do redis.call('ZREM', prefix .. index, sid) end
if redis.call('EXISTS', user_sessions_key(sub)) == 0 then redis.call('ZREM', prefix .. 'online', sub) end
redis.call('SET', prefix .. 'denied:' .. sid, '1', 'PX', kept)
return 'OK'
