-- Drops a user's hash, so that the next script that needs it has it refilled from SQL.
-- ARGV: sub
return redis.call('DEL', prefix .. 'user:' .. args[1])
