-- Step 0 of a revocation: from here a family, or the token of a `jti`, is refused everywhere. A family loses
-- its chain at once, so that it stays dead however long the recording takes.
-- `about` is JSON for the sweep: whose it is, why, who asked. `kept` is how long it is refused unless
-- recorded (ms).
local function revoke(id, about, kept)
  redis.call('SET', prefix .. 'denied:' .. id, about, 'PX', kept)
  local chain = redis.call('HGET', prefix .. 'family:' .. id, 'chain')
  if chain and chain ~= '' then redis.call('DEL', chain_key(chain)) end
  -- The sweep finds it here until it is recorded, even if this process dies.
  redis.call('ZADD', prefix .. 'revoking', now, id)
  redis.call('PEXPIRE', prefix .. 'revoking', 34560000000)
end
