-- One step of a chain as its owners take it, without anything it could open.
-- ARGV: chain, 'begin' or 'use', generation, hash of the secret, nonce, hash of the successor,
--       interval (ms; for 'use'), '1' for a strict chain (for 'begin')
-- Returns {verdict, the nonce that is told or ''}
local id, generation = args[1], tonumber(args[3])
local presented = {secret = args[4], nonce = args[5], successor = args[6]}
if args[2] == 'begin' then
  chain_begin(id, 'owner', presented, 86400000, args[8] == '1')
  return {'begun', ''}
end
local chain = chain_load(id)
local verdict = chain_judge(chain, generation, presented.secret)
if verdict == 'successor' then chain_advance(chain, presented) end
return {verdict, verdict == 'current' and chain_tell(chain, tonumber(args[7])) or ''}
