-- Says whether a JWT access token counts, as active.lua has it. `sid` and `family` may be ''.
--! args: client, sub, sid, scope, stamp: number, deadline: number, epoch, family, number
return token_verdict({client = client, sub = sub, sid = sid, scope = scope, stamp = stamp, deadline = deadline,
  epoch = epoch, family = family, number = number})
