-- Drops events that are in SQL: the one with the id `last`, and everything older.
--! args: last
local time, sequence = string.match(last, '(%d+)-(%d+)')
redis.call('XTRIM', prefix .. 'audit', 'MINID', '=', time .. '-' .. string.format('%.0f', sequence + 1))
return 'OK'
