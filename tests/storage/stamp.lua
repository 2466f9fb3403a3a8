-- Stamps ('stamp') or cuts off ('cutoff'), as ARGV[5] says. Returns what came, and how many came before it.
local order = redis.call('INCR', prefix .. 'order')
redis.call('PEXPIRE', prefix .. 'order', 3600000)
if ARGV[5] == 'stamp' then
  return { next_stamp(), order }
end
return { next_cutoff(), order }
