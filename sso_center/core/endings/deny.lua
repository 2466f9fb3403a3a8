-- Denies a token or all that came of one grant.
-- ARGV: the id, for how long (ms)
redis.call('SET', prefix .. 'denied:' .. args[1], '1', 'PX', tonumber(args[2]))
return 'OK'
