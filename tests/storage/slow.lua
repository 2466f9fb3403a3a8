-- Counts its runs under a name, then keeps the server busy for so many million turns.
--! args: name, millions: number
redis.call('INCR', prefix .. 'count:' .. name)
redis.call('PEXPIRE', prefix .. 'count:' .. name, 3600000)
local turns = 0
for _ = 1, millions * 1000000 do
  turns = turns + 1
end
return turns
