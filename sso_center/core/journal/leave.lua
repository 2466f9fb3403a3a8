-- Removes a client from a session that it joined at or before a moment; a client that joined again since
-- stays.
--! args: sid, client, moment: number
local joined = tonumber(redis.call('HGET', participants_key(sid), client) or -1)
if joined >= 0 and joined <= moment then
  redis.call('HDEL', participants_key(sid), client)
  redis.call('HDEL', handles_key(sid), client)
  redis.call('ZREM', client_sessions_key(client), sid)
end
return 'OK'
