-- Issues a client's own token (client_credentials). `hash` is that of the token ('' for a JWT), `life` in ms.
-- Returns {stamp, deadline (ms)}
--! args: client, scope, jti, hash, life: number
local token = {client = client, sub = client, sid = '', scope = scope, stamp = next_stamp(), epoch = 0,
  deadline = now + life, family = '', number = jti}
if hash ~= '' then token_put(hash, token) end
audit_event('oidc:client:token', '', '', client)
return {token.stamp, token.deadline}
