-- Finds closed sessions whose ending is not recorded or applied: a crash came in between.
-- ARGV: closed before (ms), how many
-- Returns {sid, ...}
local found, index = {}, prefix .. 'closed'
for _, sid in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', args[1], 'LIMIT', 0, tonumber(args[2]))) do
  if redis.call('EXISTS', session_key(sid)) == 1 then
    found[#found + 1] = sid
  else
    redis.call('ZREM', index, sid) -- otherwise it would be looked at for ever, in place of others
  end
end
return found
