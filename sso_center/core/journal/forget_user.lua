-- Drops a user's hash, so that the next script that needs it has it refilled from SQL.
-- `lost_roles` are those that the change took away because of which this is done ("|a|b|").
--! args: sub, lost_roles
local key = prefix .. 'user:' .. sub
keep_cutoffs_of_lost_roles(sub, lost_roles, '', math.huge)
keep_cutoffs_of_lost_roles(sub, redis.call('HGET', key, 'roles') or '', '', math.huge)
return redis.call('DEL', key)
