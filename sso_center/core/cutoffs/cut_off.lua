-- Sets a cut-off: nothing stamped so far counts for its scope from now on.
-- ARGV: kind (everyone, user, role, client), id, how long it is kept (ms)
-- Returns the cut-off (ms)
local at = next_cutoff()
redis.call('SET', prefix .. 'cutoff:' .. args[1] .. ':' .. args[2], string.format('%.0f', at), 'PX', tonumber(args[3]))
return at
