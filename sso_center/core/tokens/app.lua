-- A new login of an app on the same device ends the token of the one before it: its session is closed here, in the
-- same step that opens the new one. `device` is '' when nothing is known of it. Returns the sids.
local function app_sessions_close(sub, client, device, ending_id)
  local closed = {}
  if device == '' then return closed end
  for _, sid in ipairs(redis.call('ZRANGE', user_sessions_key(sub), 0, -1)) do
    local f = redis.call('HMGET', session_key(sid), 'kind', 'device', 'family', 'closed')
    if f[1] == 'app' and f[2] == device and f[3] and not f[4]
        and redis.call('HGET', family_key(f[3]), 'client') == client then
      session_close(sid, ending_id .. ':' .. sid, 'replaced', sub)
      closed[#closed + 1] = sid
    end
  end
  return closed
end
