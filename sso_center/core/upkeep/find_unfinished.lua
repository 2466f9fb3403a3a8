-- Finds sessions that were closed before a moment (ms) but whose ending was not recorded or applied: something died in between.
-- Returns {sid, ...}
--! args: before, count: number
local found, index = {}, prefix .. 'closed'
for _, sid in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', 0, count)) do
  if redis.call('EXISTS', session_key(sid)) == 1 then
    found[#found + 1] = sid
  else
    redis.call('ZREM', index, sid) -- or it would be looked at for ever, in place of others
  end
end
return found
