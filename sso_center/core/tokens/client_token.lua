-- Issues a client's own token (client_credentials).
-- ARGV: client, scope, jti, hash of the token ('' for a JWT), its life (ms)
-- Returns {stamp, deadline (ms)}
local token = {client = args[1], sub = args[1], sid = '', scope = args[2], stamp = next_stamp(), epoch = 0,
  deadline = now + tonumber(args[5]), family = '', number = args[3]}
if args[4] ~= '' then token_put(args[4], token) end
audit_event('oidc:client:token', '', '', token.client)
return {token.stamp, token.deadline}
