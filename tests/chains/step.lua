-- One step of a chain as its owners take it.
-- ARGV: chain, 'begin' or 'use', generation, hash of the secret, nonce, hash of the successor, interval (ms)
-- Returns {verdict, the nonce that is told or ''}
local presented = {secret = args[4], nonce = args[5], successor = args[6]}
if args[2] == 'begin' then
  chain_begin(args[1], 'nobody', presented, 86400000, false)
  return {'begun', ''}
end
local chain = chain_load(args[1])
local verdict = chain_judge(chain, tonumber(args[3]), presented.secret)
if verdict == 'successor' then chain_advance(chain, presented) end
return {verdict, verdict == 'current' and chain_tell(chain, tonumber(args[7])) or ''}
