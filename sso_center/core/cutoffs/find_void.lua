-- Finds sessions that a cut-off or a change of their user has voided.
-- `sub` is '' for the whole shard.
-- Returns {next cursor, sid, ...} | {'no_user', '', session reply...}
--! args: sub, cursor, count
local following, sids = scan_sessions(index_of(sub ~= '' and 'user' or 'everyone', sub), cursor, count)
local found = {following}
for _, sid in ipairs(sids) do
  local session = session_load(sid)
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, nil))} end
  -- The rule for disabled accounts may let their sessions live again when they are enabled, unless something
  -- else voided them.
  if state == 'disabled' then state = session_state(session, {disabled = false, epoch = user.epoch, roles = user.roles}) end
  if state == 'cut_off' or state == 'stale' then found[#found + 1] = sid end
end
return found
