-- Step 0: from here nothing of the session is found, joined or redeemed. Closing again returns the first ending.
-- ARGV: sid, id of the ending, reason, actor
-- Returns {'closed', id, reason, actor, closed at (ms), sub, participant, participant, ...} | {'gone'}
local sid = args[1]
local f = redis.call('HMGET', session_key(sid), 'sub', 'closed', 'closed_reason', 'closed_actor', 'closed_at')
if not f[1] then return {'gone'} end
if not f[2] then
  f[2], f[3], f[4], f[5] = args[2], args[3], args[4], now
  redis.call('HSET', session_key(sid), 'closed', f[2], 'closed_reason', f[3], 'closed_actor', f[4], 'closed_at', f[5])
  -- Until the ending is recorded the sweep finds it here, whatever became of us.
  redis.call('ZADD', prefix .. 'closed', now, sid)
  redis.call('PEXPIRE', prefix .. 'closed', HORIZON)
end
return {'closed', f[2], f[3], f[4], f[5], f[1], unpack(redis.call('HKEYS', participants_key(sid)))}
