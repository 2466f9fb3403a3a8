-- One step of a chain as its owners take it: `step` is 'begin' or 'use'.
-- Returns {verdict, the nonce that is told or ''}
--! args: step, is_strict: flag, chain_id, generation: number, secret, nonce, successor, interval: number
local presented = {secret = secret, nonce = nonce, successor = successor}
if step == 'begin' then
  chain_begin(chain_id, 'nobody', presented, 86400000, is_strict)
  return {'begun', ''}
end
local chain = chain_load(chain_id)
local verdict = chain_judge(chain, generation, secret)
if verdict == 'successor' then chain_advance(chain, presented) end
return {verdict, verdict == 'current' and chain_tell(chain, interval) or ''}
