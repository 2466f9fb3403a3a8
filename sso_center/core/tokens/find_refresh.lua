-- Says whether a refresh token could be used, and uses it for nothing but that whoever holds a successor was told it.
-- Returns {'active', ...} | {'no_user', '', sid, sub} | {'inactive'}
--! args: chain_id, generation: number, secret
--! reply active: family, client, sub, sid, scope, stamp, deadline, claims
local chain = chain_load(chain_id)
local family = chain and family_load(chain.owner)
if not family then return {'inactive'} end
local verdict = refresh_judge(chain, family, generation, secret)
if verdict == 'unknown' or verdict == 'rollback' or verdict == 'reuse' then return {'inactive'} end
if verdict == 'successor' then family_saw(family.id, chain.generation) end
local state, user = family_state(family)
if state == 'no_user' then return {'no_user', '', family.sid, family.sub} end
if state ~= 'alive' then return {'inactive'} end
return {'active', family.id, family.client, family.sub, family.sid, family.scope, family.stamp, family.deadline,
  user.claims}
