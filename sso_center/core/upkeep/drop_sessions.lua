-- Drops from a page of an index of sessions those that are no more, or of which the client is no part any more.
-- ARGV: cursor, count, index (seen, client-sessions:<client>), client or ''
-- Returns the next cursor
local index, client = prefix .. args[3], args[4]
local cursor, sids = scan_sessions(index, args[1], args[2])
for _, sid in ipairs(sids) do
  local is_there = redis.call('EXISTS', session_key(sid)) == 1
    and (client == '' or redis.call('HEXISTS', participants_key(sid), client) == 1)
  if not is_there then redis.call('ZREM', index, sid) end
end
return cursor
