-- Finds the session that a chain's token opens, and touches it.
-- ARGV: chain id, generation, hash of its secret, fresh nonce, hash of its successor, interval (ms)
-- Returns {outcome, nonce or '' | why the session is not alive, session reply...}
local presented = {secret = args[3], nonce = args[4], successor = args[5]}
local outcome, session, user, nonce = session_visit(args[1], tonumber(args[2]), presented, tonumber(args[6]))
if not session then return {outcome, nonce or ''} end
return {outcome, nonce or '', unpack(session_reply(session, user))}
