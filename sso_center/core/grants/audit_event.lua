-- What the hot path wants audited goes to a capped stream in the shard, which the courier drains to SQL.
local function audit_event(tag, sub, sid, client)
  redis.call('XADD', prefix .. 'audit', 'MAXLEN', '~', 10000, '*',
    'at', now, 'tag', tag, 'sub', sub, 'sid', sid, 'client', client)
  redis.call('PEXPIRE', prefix .. 'audit', HORIZON)
end
