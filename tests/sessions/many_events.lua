-- ARGV: how many events to note
for _ = 1, tonumber(args[1]) do audit_event('test:event:note', '', '', '') end
return 'OK'
