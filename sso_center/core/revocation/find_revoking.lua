-- Finds what was revoked but not recorded or applied: something died in between, or SQL was away.
-- ARGV: revoked before (ms), how many
-- Returns {id, about, id, about, ...}
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'revoking', '-inf', args[1], 'LIMIT', 0, tonumber(args[2]))) do
  local about = redis.call('GET', prefix .. 'denied:' .. id)
  if about then
    found[#found + 1], found[#found + 2] = id, about
  else
    redis.call('ZREM', prefix .. 'revoking', id) -- what it gave could live no longer
  end
end
return found
