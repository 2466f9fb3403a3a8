-- Counts its runs under the name ARGV[5], then keeps the server busy for ARGV[6] milliseconds.
redis.call('INCR', prefix .. 'count:' .. ARGV[5])
redis.call('PEXPIRE', prefix .. 'count:' .. ARGV[5], 3600000)
local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end
local until_when = milliseconds() + tonumber(ARGV[6])
while milliseconds() < until_when do
end
return 1
