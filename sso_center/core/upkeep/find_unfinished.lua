-- Finds sessions that were closed but whose ending was not recorded or applied: something died in between.
-- ARGV: closed before (ms), how many
-- Returns {sid, ...}
local found, index = {}, prefix .. 'closed'
for _, sid in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', args[1], 'LIMIT', 0, tonumber(args[2]))) do
  if redis.call('EXISTS', session_key(sid)) == 1 then
    found[#found + 1] = sid
  else
    redis.call('ZREM', index, sid) -- or it would be looked at for ever, in place of others
  end
end
return found
