-- Finds the session that a chain's token opens, and touches it. `secret` is the hash of the one
-- presented, `nonce` a fresh one, `successor` the hash of what follows from both; `interval` is that of the rotation (ms).
-- Returns {outcome, nonce or '' | why the session is not alive, session reply...}
--! args: chain_id, generation: number, secret, nonce, successor, interval: number
local presented = {secret = secret, nonce = nonce, successor = successor}
local outcome, session, user, told = session_visit(chain_id, generation, presented, interval)
if not session then return {outcome, told or ''} end
return {outcome, told or '', unpack(session_reply(session, user))}
