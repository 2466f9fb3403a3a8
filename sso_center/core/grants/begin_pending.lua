-- Begins a pending grant, for somebody to answer within `life`; its record is kept for `kept` (ms).
--! args: code, client, scope, life: number, kept
redis.call('HSET', pending_key(code), 'client', client, 'scope', scope, 'state', 'pending', 'shard', '',
  'deadline', now + life)
redis.call('PEXPIRE', pending_key(code), kept)
return 'OK'
