-- Finds sessions that joined a client at or before its cut-off.
-- ARGV: client, the cut-off (ms), offset, count
-- Returns {how many were looked at, {sid, sub}, ...}
local sids = redis.call('ZRANGE', prefix .. 'deadlines', tonumber(args[3]), tonumber(args[3]) + tonumber(args[4]) - 1)
local found = {#sids}
for _, sid in ipairs(sids) do
  local joined = tonumber(redis.call('HGET', participants_key(sid), args[1]) or -1)
  if joined >= 0 and joined <= tonumber(args[2]) then
    found[#found + 1] = {sid, redis.call('HGET', session_key(sid), 'sub') or ''}
  end
end
return found
