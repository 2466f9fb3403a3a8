-- Notes many events.
--! args: count: number
for _ = 1, count do audit_event('test:event:note', '', '', '') end
return 'OK'
