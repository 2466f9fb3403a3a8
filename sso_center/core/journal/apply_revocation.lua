-- Step 2 of a revocation: removes the family and its chain, and denies its tokens, or one `jti`, for as long
-- as they could live. Safe to repeat, and during a recovery.
--! args: id, sub, left: number
if left > 0 then redis.call('SET', prefix .. 'denied:' .. id, '1', 'PX', left) end
local chain = redis.call('HGET', prefix .. 'family:' .. id, 'chain')
if chain and chain ~= '' then redis.call('DEL', chain_key(chain)) end
redis.call('DEL', prefix .. 'family:' .. id)
redis.call('ZREM', prefix .. 'user-families:' .. sub, id)
redis.call('ZREM', prefix .. 'family-deadlines', id)
redis.call('ZREM', prefix .. 'revoking', id)
return 'OK'
