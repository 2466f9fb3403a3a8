-- Step 2 of a revocation: the family and its chain are gone, and what it or a `jti` gave is refused for as long as it
-- could live. Safe to repeat, and on a shard that is still being recovered.
-- `left` is for how long what it gave may live (ms; 0: no longer).
--! args: id, sub, left: number
if left > 0 then redis.call('SET', prefix .. 'denied:' .. id, '1', 'PX', left) end
local chain = redis.call('HGET', prefix .. 'family:' .. id, 'chain')
if chain and chain ~= '' then redis.call('DEL', chain_key(chain)) end
redis.call('DEL', prefix .. 'family:' .. id)
redis.call('ZREM', prefix .. 'user-families:' .. sub, id)
redis.call('ZREM', prefix .. 'family-deadlines', id)
redis.call('ZREM', prefix .. 'revoking', id)
return 'OK'
