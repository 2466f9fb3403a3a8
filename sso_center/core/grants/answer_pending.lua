-- Brings a pending grant from the state `from` to another; `shard` is that of who approved it, or ''.
-- Returns its state before: nothing has changed unless that was `from`
--! args: code, from, answer, shard
local pending = pending_load(code)
if not pending then return 'unknown' end
if pending.state == from then
  redis.call('HSET', pending_key(code), 'state', answer, 'shard', shard)
end
return pending.state
