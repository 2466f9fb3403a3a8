-- Finds the least recently seen sessions of this shard, or of a client in it. Drops index entries without a
-- session.
-- `index` is seen, or client-sessions:<client>; `client` is '' for the first; `count` is how many to look at.
-- Returns {sid, seen (ms), kind, sid, seen, kind, ...}
--! args: index, client, count: number
local key, found = prefix .. index, {}
local rows = redis.call('ZRANGE', key, 0, count - 1, 'WITHSCORES')
for i = 1, #rows, 2 do
  local f = redis.call('HMGET', session_key(rows[i]), 'kind', 'closed')
  if not f[1] or (client ~= '' and redis.call('HEXISTS', participants_key(rows[i]), client) == 0) then
    redis.call('ZREM', key, rows[i])
  elseif not f[2] then
    found[#found + 1], found[#found + 2], found[#found + 3] = rows[i], rows[i + 1], f[1]
  end
end
return found
