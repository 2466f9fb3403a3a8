-- Counts its runs under a name. Returns how many there were.
--! args: name
local runs = redis.call('INCR', prefix .. 'count:' .. name)
redis.call('PEXPIRE', prefix .. 'count:' .. name, 3600000)
return runs
