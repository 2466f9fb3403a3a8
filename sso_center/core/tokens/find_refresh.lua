-- Says whether a refresh token could be used, and uses it for nothing.
-- ARGV: chain id, generation, hash of the secret
-- Returns {'active', family, client, sub, sid, scope, stamp, deadline, claims} | {'no_user', '', sid, sub} | {'inactive'}
local chain = chain_load(args[1])
local family = chain and family_load(chain.owner)
if not family then return {'inactive'} end
local verdict = chain_judge(chain, tonumber(args[2]), args[3])
if verdict ~= 'current' and verdict ~= 'successor' and verdict ~= 'overlap' then return {'inactive'} end
local state, user = family_state(family)
if state == 'no_user' then return {'no_user', '', family.sid, family.sub} end
if state ~= 'alive' then return {'inactive'} end
return {'active', family.id, family.client, family.sub, family.sid, family.scope, family.stamp, family.deadline,
  user.claims}
