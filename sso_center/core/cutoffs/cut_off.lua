-- Sets a cut-off: nothing stamped so far counts for its scope from now on.
-- `scope` is everyone, user, role or client, and `name` whose; it is kept for `kept` ms.
-- Returns the cut-off (ms)
--! args: scope, name, kept
local at = next_cutoff()
redis.call('SET', prefix .. 'cutoff:' .. scope .. ':' .. name, string.format('%.0f', at), 'PX', kept)
return at
