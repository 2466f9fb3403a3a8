-- Drops a user's hash, so that the next script that needs it has it refilled from SQL.
-- ARGV: sub, roles that the change took away because of which this is done ("|a|b|")
local key = prefix .. 'user:' .. args[1]
keep_cutoffs_of_lost_roles(args[1], args[2], '', math.huge)
keep_cutoffs_of_lost_roles(args[1], redis.call('HGET', key, 'roles') or '', '', math.huge)
return redis.call('DEL', key)
