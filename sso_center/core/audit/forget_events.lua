-- Drops events that are in SQL, and with them everything older.
-- ARGV: id of the last one of them
local time, sequence = string.match(args[1], '(%d+)-(%d+)')
redis.call('XTRIM', prefix .. 'audit', 'MINID', '=', time .. '-' .. string.format('%.0f', sequence + 1))
return 'OK'
