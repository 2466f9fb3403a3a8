-- Finds sessions that joined a client at or before its cut-off, `moment` (ms).
-- Returns {next cursor, {sid, sub, kind, its handle or ''}, ...}
--! args: client, moment: number, cursor, count
local following, sids = scan_sessions(index_of('client', client), cursor, count)
local found = {following}
for _, sid in ipairs(sids) do
  local joined = tonumber(redis.call('HGET', participants_key(sid), client) or -1)
  if joined >= 0 and joined <= moment then
    local f = redis.call('HMGET', session_key(sid), 'sub', 'kind')
    found[#found + 1] = {sid, f[1] or '', f[2] or '', redis.call('HGET', handles_key(sid), client) or ''}
  end
end
return found
