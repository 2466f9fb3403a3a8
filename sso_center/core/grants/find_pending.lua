-- Says what became of a pending grant.
-- Returns {'found', ...} | {'unknown'}
--! args: code
--! reply found: client, scope, state, shard
local pending = pending_load(code)
if not pending then return {'unknown'} end
return {'found', pending.client, pending.scope, pending.state, pending.shard}
