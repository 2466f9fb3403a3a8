-- Drops sessions that are gone, or that the client has left, from a page of an index.
-- `index` is seen, or client-sessions:<client>; `client` is '' for the first.
-- Returns the next cursor
--! args: cursor, count, index, client
local key = prefix .. index
local following, sids = scan_sessions(key, cursor, count)
for _, sid in ipairs(sids) do
  local is_there = redis.call('EXISTS', session_key(sid)) == 1
    and (client == '' or redis.call('HEXISTS', participants_key(sid), client) == 1)
  if not is_there then redis.call('ZREM', key, sid) end
end
return following
