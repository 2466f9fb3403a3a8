-- Says which sessions are alive and joined by a client; asking counts as use.
-- ARGV: client, sid, sid, ...
-- Returns {'checked', 1 or 0, ...} in the order asked | {'no_user', '', session reply...}
local client, answer = args[1], {'checked'}
for i = 2, #args do
  local session = session_load(args[i])
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, user))} end
  local joined = state == 'alive' and tonumber(redis.call('HGET', participants_key(args[i]), client) or -1)
  local is_in = joined and joined >= 0 and not is_client_cut_off(joined, client)
  if is_in then
    session_touch(session)
    session_asked(session, client)
  end
  answer[i] = is_in and 1 or 0
end
return answer
