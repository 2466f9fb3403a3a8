-- Finds an app or refresh token (`kind`), as revocable.lua has it.
--! args: kind, chain_id, generation: number, secret
local chain = chain_load(chain_id)
if not chain or chain_judge(chain, generation, secret) == 'unknown' then return {'none'} end
local id = kind == 'refresh' and chain.owner or redis.call('HGET', session_key(chain.owner), 'family')
return family_given(id and family_load(id))
