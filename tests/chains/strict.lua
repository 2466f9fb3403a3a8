-- A chain that protects nothing, as refresh tokens of a `strict` client will use it.
-- ARGV: 'begin' or 'present', chain id, generation, hash of its secret, fresh nonce, hash of its successor, interval (ms)
-- Returns {verdict, nonce that tells the successor or ''}
local presented = {secret = args[4], nonce = args[5], successor = args[6]}
if args[1] == 'begin' then
  chain_begin(args[2], 'nobody', presented, 86400000, true)
  return {'begun', ''}
end
local chain = chain_load(args[2])
local verdict = chain_judge(chain, tonumber(args[3]), presented.secret)
if verdict == 'successor' then chain_advance(chain, presented) end
return {verdict, verdict == 'current' and chain_tell(chain, tonumber(args[7])) or ''}
