-- What lists show of a session that is alive: session reply..., kind, device type, participant, participant...; nil of any
-- other.
local function session_listed(sid)
  local session = session_load(sid)
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state ~= 'alive' and state ~= 'no_user' then return nil end
  local row = session_reply(session, user)
  row[#row + 1], row[#row + 2] = session.kind, session.device_type
  for _, client in ipairs(redis.call('HKEYS', participants_key(sid))) do row[#row + 1] = client end
  return row
end
