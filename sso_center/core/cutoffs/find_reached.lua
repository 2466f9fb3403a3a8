-- Finds the living sessions that a cut-off would end, changing nothing.
-- `scope` is everyone, user, role or client.
-- Returns {next cursor, {sub, client, client, ...}, ...} | {'no_user', '', session reply...}
--! args: scope, name, cursor, count
local following, sids = scan_sessions(index_of(scope, name), cursor, count)
local found = {following}
for _, sid in ipairs(sids) do
  local session = session_load(sid)
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, nil))} end
  local is_meant = scope ~= 'role' or user and string.find(user.roles, '|' .. name .. '|', 1, true)
  if state == 'alive' and is_meant then
    if scope ~= 'client' then
      found[#found + 1] = {session.sub, unpack(redis.call('HKEYS', participants_key(sid)))}
    else
      local joined = tonumber(redis.call('HGET', participants_key(sid), name) or -1)
      if joined >= 0 and not is_client_cut_off(joined, name) then found[#found + 1] = {session.sub, name} end
    end
  end
end
return found
