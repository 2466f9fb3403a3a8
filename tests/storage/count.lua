-- Counts its runs under the name ARGV[5]. Returns how many there were.
local runs = redis.call('INCR', prefix .. 'count:' .. ARGV[5])
redis.call('PEXPIRE', prefix .. 'count:' .. ARGV[5], 3600000)
return runs
