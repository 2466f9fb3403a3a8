-- Stamps ('stamp') or cuts off ('cutoff'). Returns what came, and how many came before it.
--! args: what
local order = redis.call('INCR', prefix .. 'order')
redis.call('PEXPIRE', prefix .. 'order', 3600000)
if what == 'stamp' then
  return {next_stamp(), order}
end
return {next_cutoff(), order}
