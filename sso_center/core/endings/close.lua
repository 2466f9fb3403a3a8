-- Step 0: from here nothing of the session is found, joined or redeemed. Closing again returns the first ending.
-- `ending` is its id; `handles` are client, handle, client, handle ...
-- Returns {'closed', ...} | {'gone'}
--! args: sid, ending, reason, actor
--! reply closed: ending, reason, actor, closed_at, sub, clients, handles
local f = session_close(sid, ending, reason, actor)
if not f then return {'gone'} end
return {'closed', f[1], f[2], f[3], f[4], f[5], redis.call('HKEYS', participants_key(sid)),
  redis.call('HGETALL', handles_key(sid))}
