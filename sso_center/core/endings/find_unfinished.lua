-- Finds sessions that were closed but whose ending was not recorded or applied: something died in between.
-- ARGV: closed before (ms), how many
-- Returns {sid, ...}
return redis.call('ZRANGEBYSCORE', prefix .. 'closed', '-inf', args[1], 'LIMIT', 0, tonumber(args[2]))
