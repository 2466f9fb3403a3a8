-- Finds what was revoked before a moment (ms) but not recorded or applied: something died in between, or SQL was away.
-- Returns {id, about, id, about, ...}
--! args: before, count: number
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'revoking', '-inf', before, 'LIMIT', 0, count)) do
  local about = redis.call('GET', prefix .. 'denied:' .. id)
  if about then
    found[#found + 1], found[#found + 2] = id, about
  else
    redis.call('ZREM', prefix .. 'revoking', id) -- everything it revoked has expired
  end
end
return found
