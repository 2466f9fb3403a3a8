-- A new login of an app on the same device ends the token of the one before it: its session is closed in the same step
-- that opens the new one. `device` is '' when nothing is known of it. Returns the sids, in a list and as a set.
local function app_sessions_on(sub, client, device)
  local found, is_found = {}, {}
  if device == '' then return found, is_found end
  for _, sid in ipairs(redis.call('ZRANGE', user_sessions_key(sub), 0, -1)) do
    local f = redis.call('HMGET', session_key(sid), 'kind', 'device', 'family', 'closed')
    if f[1] == 'app' and f[2] == device and f[3] and not f[4]
        and redis.call('HGET', family_key(f[3]), 'client') == client then
      found[#found + 1], is_found[sid] = sid, true
    end
  end
  return found, is_found
end
