-- Forgets buckets of this shard.
-- `name` is '' for all of them (this walks every key of the server).
-- Returns how many were there
--! args: name
if name ~= '' then return redis.call('DEL', prefix .. 'limit:' .. name) end
local forgotten, cursor = 0, '0'
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', prefix .. 'limit:*', 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do forgotten = forgotten + redis.call('DEL', key) end
until cursor == '0'
return forgotten
