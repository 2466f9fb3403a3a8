-- Finds sessions that joined a client at or before its cut-off.
-- ARGV: client, the cut-off (ms), cursor, count
-- Returns {next cursor, {sid, sub, kind}, ...}
local cursor, sids = scan_sessions(index_of('client', args[1]), args[3], args[4])
local found = {cursor}
for _, sid in ipairs(sids) do
  local joined = tonumber(redis.call('HGET', participants_key(sid), args[1]) or -1)
  if joined >= 0 and joined <= tonumber(args[2]) then
    local f = redis.call('HMGET', session_key(sid), 'sub', 'kind')
    found[#found + 1] = {sid, f[1] or '', f[2] or ''}
  end
end
return found
