-- Drops people without a session from a page of the index of signed-in people. Of each it looks at some of
-- the sessions that should have ended by now.
-- Returns the next cursor
--! args: cursor, count, sessions_of_each: number
local index = prefix .. 'online'
local following, people = scan_sessions(index, cursor, count)
for _, sub in ipairs(people) do
  local own = user_sessions_key(sub)
  for _, sid in ipairs(redis.call('ZRANGEBYSCORE', own, '-inf', now, 'LIMIT', 0, sessions_of_each)) do
    if redis.call('EXISTS', session_key(sid)) == 0 then redis.call('ZREM', own, sid) end
  end
  if redis.call('EXISTS', own) == 0 then redis.call('ZREM', index, sub) end
end
return following
