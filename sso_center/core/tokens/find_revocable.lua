-- Finds an opaque access token of that hash, as revocable.lua has it.
--! args: hash
return token_given(token_load(hash))
