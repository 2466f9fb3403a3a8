-- Drops a user's hash, so that the next script that needs it has it refilled from SQL.
-- ARGV: sub
local key = prefix .. 'user:' .. args[1]
keep_cutoffs_of_lost_roles(args[1], redis.call('HGET', key, 'roles') or '', '')
return redis.call('DEL', key)
