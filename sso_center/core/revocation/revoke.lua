-- Revokes one family or token.
-- ARGV: id, about, how long it is refused unless recorded (ms)
revoke(args[1], args[2], tonumber(args[3]))
return 'OK'
