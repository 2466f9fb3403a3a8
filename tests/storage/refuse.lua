-- Refuses, in a script's own words.
return redis.error_reply('CLOSED the session is closed')
