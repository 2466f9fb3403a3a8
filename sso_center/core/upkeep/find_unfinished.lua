-- Finds closed sessions whose ending is not recorded or applied: a crash came in between.
-- Returns {sid, ...}
--! args: before, count: number
local found, index = {}, prefix .. 'closed'
for _, sid in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', 0, count)) do
  if redis.call('EXISTS', session_key(sid)) == 1 then
    found[#found + 1] = sid
  else
    redis.call('ZREM', index, sid) -- otherwise it would be looked at for ever, in place of others
  end
end
return found
