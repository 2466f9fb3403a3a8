-- Says whether an opaque access token of that hash counts, as active.lua has it.
--! args: hash
return token_verdict(token_load(hash))
