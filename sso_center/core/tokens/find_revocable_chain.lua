-- Says to whom an app or refresh token was given, also when it was used long ago: as find_revocable.lua does of access tokens.
-- Returns {'given', ...} | {'none'}
--! args: kind, chain_id, generation: number, secret
--! reply given: client, sub, sid, deadline, family, number
local chain = chain_load(chain_id)
if not chain or chain_judge(chain, generation, secret) == 'unknown' then return {'none'} end
local id = kind == 'refresh' and chain.owner or redis.call('HGET', session_key(chain.owner), 'family')
local family = id and family_load(id)
if not family or is_over(family.deadline, family.sid) then return {'none'} end
return {'given', family.client, family.sub, family.sid, family.deadline, family.id, ''}
