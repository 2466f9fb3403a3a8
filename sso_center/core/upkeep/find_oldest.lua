-- Finds the least recently seen sessions of this shard, or of a client's in it. What is in the index alone leaves it.
-- ARGV: index (seen, client-sessions:<client>), client or '', how many to look at
-- Returns {sid, seen (ms), kind, sid, seen, kind, ...}
local index, client, found = prefix .. args[1], args[2], {}
local rows = redis.call('ZRANGE', index, 0, tonumber(args[3]) - 1, 'WITHSCORES')
for i = 1, #rows, 2 do
  local f = redis.call('HMGET', session_key(rows[i]), 'kind', 'closed')
  if not f[1] or (client ~= '' and redis.call('HEXISTS', participants_key(rows[i]), client) == 0) then
    redis.call('ZREM', index, rows[i])
  elseif not f[2] then
    found[#found + 1], found[#found + 2], found[#found + 3] = rows[i], rows[i + 1], f[1]
  end
end
return found
