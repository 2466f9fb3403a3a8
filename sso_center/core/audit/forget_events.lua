-- Drops events that are in SQL.
-- ARGV: id of the last one of them
for _, event in ipairs(redis.call('XRANGE', prefix .. 'audit', '-', args[1])) do
  redis.call('XDEL', prefix .. 'audit', event[1])
end
return 'OK'
