-- Gives back a lock when it is still held by `holder`. Returns 1 when it was.
--! args: name, holder
local key = prefix .. 'lock:' .. name
if redis.call('GET', key) == holder then
  return redis.call('DEL', key)
end
return 0
