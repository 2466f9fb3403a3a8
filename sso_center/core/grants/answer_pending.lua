-- Answers a pending grant: `answer` is 'approved', by somebody of the shard `shard`, or 'denied'. The first answer counts.
-- Returns its state before: this answer was the first when that was 'pending'
--! args: code, answer, shard
local pending = pending_load(code)
if not pending then return 'unknown' end
if pending.state == 'pending' then
  redis.call('HSET', pending_key(code), 'state', answer, 'shard', shard)
end
return pending.state
