-- Step 2: session and chain gone, the sid denied for as long as a token may live. Safe to repeat, and on a shard
-- that is still being recovered.
-- ARGV: sid, sub, for how long tokens may outlive it (ms)
local sid, sub = args[1], args[2]
local chain = redis.call('HGET', session_key(sid), 'chain')
if chain then redis.call('DEL', chain_key(chain)) end
redis.call('DEL', session_key(sid), participants_key(sid))
redis.call('ZREM', user_sessions_key(sub), sid)
redis.call('ZREM', prefix .. 'deadlines', sid)
redis.call('ZREM', prefix .. 'closed', sid)
redis.call('SET', prefix .. 'denied:' .. sid, '1', 'PX', tonumber(args[3]))
return 'OK'
