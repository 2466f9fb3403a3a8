-- Says to whom an access token was given, also while it does not count: what is given back must stay dead, although its
-- person is disabled just now. Looks only at what can't be undone. Its arguments are those of find_active.lua.
-- Returns {'given', ...} | {'none'}
--! args: hash, client, sub, sid, scope, stamp: number, deadline: number, epoch, family, number
--! reply given: client, sub, sid, deadline, family, number
local token = {client = client, sub = sub, sid = sid, scope = scope, stamp = stamp, deadline = deadline, epoch = epoch,
  family = family, number = number}
if hash ~= '' then token = token_load(hash) end
if not token then return {'none'} end
if token.family ~= '' then family_saw(token.family, tonumber(token.number) or 0) end
if is_over(token.deadline, token.sid) then return {'none'} end
local jti = token.family == '' and token.number or token.family .. '.' .. token.number
if is_denied(jti) or token.family ~= '' and is_denied(token.family) then return {'none'} end
return {'given', token.client, token.sub, token.sid, token.deadline, token.family, token.number}
