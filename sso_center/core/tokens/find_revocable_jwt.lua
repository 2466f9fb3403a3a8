-- Finds a JWT access token, as revocable.lua has it. `sid` and `family` may be ''.
--! args: client, sub, sid, scope, stamp: number, deadline: number, epoch, family, number
return token_given({client = client, sub = sub, sid = sid, scope = scope, stamp = stamp, deadline = deadline,
  epoch = epoch, family = family, number = number})
