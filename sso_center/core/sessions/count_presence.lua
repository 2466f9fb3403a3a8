-- Counts the people of this shard who were seen in the last so many minutes, and the grants of each client in the last
-- so many hours.
-- Returns {people of each window, ..., client, grants, client, grants, ...}
--! args: hours: number, *windows
local found, used = {}, {}
for _, minutes in ipairs(windows) do
  found[#found + 1] = redis.call('ZCOUNT', prefix .. 'online', now - tonumber(minutes) * 60000, '+inf')
end
local hour = math.floor(now / 3600000)
for past = 0, hours - 1 do
  local row = redis.call('ZRANGE', prefix .. 'used:' .. (hour - past), 0, -1, 'WITHSCORES')
  for i = 1, #row, 2 do used[row[i]] = (used[row[i]] or 0) + tonumber(row[i + 1]) end
end
for client, grants in pairs(used) do
  found[#found + 1], found[#found + 2] = client, grants
end
return found
