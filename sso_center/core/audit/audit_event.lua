-- What scripts want audited goes to a capped stream in the shard, which the courier drains to SQL. So it is
-- written if and only if what it tells of happened, and waits for nobody's disk.
-- `client`, `address` and `user_agent` are '' where there is none.
local AUDIT_KEPT = 400 * 86400000

local function audit_event(tag, sub, sid, client, address, user_agent)
  local key = prefix .. 'audit'
  local is_new = redis.call('EXISTS', key) == 0
  redis.call('XADD', key, 'MAXLEN', '~', 10000, '*', 'at', now, 'tag', tag, 'sub', sub, 'sid', sid,
    'client', client, 'address', address or '', 'user_agent', user_agent or '')
  if is_new then redis.call('PEXPIRE', key, AUDIT_KEPT) end
end
