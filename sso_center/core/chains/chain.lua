-- A chain: `<prefix>chain:<id>`, a hash of
--   owner       what the chain opens (a sid)
--   generation  the current generation, g
--   secret      SHA-256 of s_g
--   nonce       s_(g+1) = HMAC(s_g, nonce): whoever holds s_g and is told the nonce holds the successor
--   successor   SHA-256 of s_(g+1)
--   born        when g became current (ms)
--   previous    SHA-256 of s_(g-1); accepted until previous_until (ms)
--   past        16 hex digits of the SHA-256 of each earlier secret, newest last, at most CHAIN_PAST of them
--   strict      "1": the old secret's 60 s count from the first telling (`told`, ms)
-- No field is a secret: neither a dump of Redis nor the signing keys yield a token.

local CHAIN_OVERLAP = 60000
local CHAIN_PAST = 128

local function chain_key(id)
  return prefix .. 'chain:' .. id
end

-- Begins a chain. `presented` is {secret, nonce, successor}: two hashes and the nonce between them.
local function chain_begin(id, owner, presented, ttl, strict)
  redis.call('HSET', chain_key(id), 'owner', owner, 'generation', 1, 'secret', presented.secret,
    'nonce', presented.nonce, 'successor', presented.successor, 'born', now, 'strict', strict and 1 or 0)
  redis.call('PEXPIRE', chain_key(id), ttl)
end

local function chain_load(id)
  local f = redis.call('HMGET', chain_key(id), 'owner', 'generation', 'secret', 'nonce', 'successor', 'born',
    'previous', 'previous_until', 'past', 'strict', 'told')
  if not f[1] then return nil end
  return {id = id, owner = f[1], generation = tonumber(f[2]), secret = f[3], nonce = f[4], successor = f[5],
    born = tonumber(f[6]), previous = f[7], previous_until = tonumber(f[8] or 0), past = f[9] or '',
    strict = f[10] == '1', told = tonumber(f[11] or 0)}
end

local function chain_was_mine(chain, generation, secret)
  local from_end = chain.generation - 1 - generation
  local at = #chain.past - 16 * (from_end + 1)
  return at >= 0 and string.sub(chain.past, at + 1, at + 16) == string.sub(secret, 1, 16)
end

-- What a presented generation and secret are, without changing anything:
--   current   the newest secret         successor  the next one, used for the first time
--   overlap   the one before, in its 60 s           reuse    an old one after that: two copies are in use
--   rollback  ahead of the store, which lost a write           unknown  proves nothing
local function chain_judge(chain, generation, secret)
  if generation == chain.generation then
    if secret ~= chain.secret then return 'unknown' end
    if chain.strict and chain.told > 0 and now > chain.told + CHAIN_OVERLAP then return 'reuse' end
    return 'current'
  end
  if generation == chain.generation + 1 then
    return secret == chain.successor and 'successor' or 'unknown'
  end
  if generation > chain.generation then return 'rollback' end
  if secret == chain.previous and generation == chain.generation - 1 then
    return now <= chain.previous_until and 'overlap' or 'reuse'
  end
  return chain_was_mine(chain, generation, secret) and 'reuse' or 'unknown'
end

-- The first use of the successor: it becomes current, `presented` fixes the one after it.
local function chain_advance(chain, presented)
  local past = string.sub(chain.past .. string.sub(chain.secret, 1, 16), -16 * CHAIN_PAST)
  local previous_until = now + CHAIN_OVERLAP
  if chain.strict and chain.told > 0 then previous_until = chain.told + CHAIN_OVERLAP end
  redis.call('HSET', chain_key(chain.id), 'generation', chain.generation + 1, 'secret', presented.secret,
    'nonce', presented.nonce, 'successor', presented.successor, 'born', now,
    'previous', chain.secret, 'previous_until', previous_until, 'past', past, 'told', 0)
end

-- The nonce that tells the successor, when g is older than `interval` ms; else ''. Telling writes nothing,
-- so that of many parallel requests all are told the same one, and a lost answer costs nothing.
local function chain_tell(chain, interval)
  if now - chain.born < interval then return '' end
  if chain.strict and chain.told == 0 then redis.call('HSET', chain_key(chain.id), 'told', now) end
  return chain.nonce
end
