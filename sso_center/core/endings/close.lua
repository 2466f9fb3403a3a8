-- Step 0: from here nothing of the session is found, joined or redeemed. Closing again returns the first ending.
-- ARGV: sid, id of the ending, reason, actor
-- Returns {'closed', id, reason, actor, closed at (ms), sub, participant, participant, ...} | {'gone'}
local f = session_close(args[1], args[2], args[3], args[4])
if not f then return {'gone'} end
return {'closed', f[1], f[2], f[3], f[4], f[5], unpack(redis.call('HKEYS', participants_key(args[1])))}
