-- Counts its runs under the name ARGV[5], then keeps the server busy for ARGV[6] million turns.
redis.call('INCR', prefix .. 'count:' .. ARGV[5])
redis.call('PEXPIRE', prefix .. 'count:' .. ARGV[5], 3600000)
local turns = 0
for _ = 1, tonumber(ARGV[6]) * 1000000 do
  turns = turns + 1
end
return turns
