-- Finds sessions whose deadline has passed, and re-indexes those that were touched since.
-- Returns {sid, ...}
--! args: count: number
local found = {}
for _, sid in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'deadlines', '-inf', now, 'LIMIT', 0, count)) do
  local session = session_load(sid)
  if not session then
    redis.call('ZREM', prefix .. 'deadlines', sid)
  elseif session_state(session, nil) == 'expired' then
    found[#found + 1] = sid
  elseif not session.closed then
    index_deadline(session)
  end
end
return found
