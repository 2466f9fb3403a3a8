-- What the hot path wants audited goes to a capped stream in the shard, which the courier drains to SQL.
local function audit_event(tag, sub, sid, client)
  local key = prefix .. 'audit'
  local is_new = redis.call('EXISTS', key) == 0
  redis.call('XADD', key, 'MAXLEN', '~', 10000, '*',
    'at', now, 'tag', tag, 'sub', sub, 'sid', sid, 'client', client)
  if is_new then redis.call('PEXPIRE', key, HORIZON) end
end
