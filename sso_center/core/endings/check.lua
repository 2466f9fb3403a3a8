-- Says which sessions are alive and joined by a client; asking counts as use.
-- ARGV: client, sid, sid, ...
-- Returns {'checked', 1 or 0, ...} in the order asked | {'no_user', '', session reply...}
local ASKED_PAUSE = 60000

-- Notes the asking as a step of the session: at most once a minute, and as one while nothing else comes between, so
-- that a site that often asks pushes nothing out.
local function note_asking(session, client)
  local key = client_sessions_key(client)
  if now - tonumber(redis.call('ZSCORE', key, session.sid) or 0) < ASKED_PAUSE then return end
  index_put(key, now, session.sid)
  local last = redis.call('LINDEX', steps_key(session.sid), 0)
  if last and string.match(last, '^%d+|([^|]*)$') == client then
    redis.call('LSET', steps_key(session.sid), 0, now .. '|' .. client)
  else
    step_push(session, now .. '|' .. client)
  end
end

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
    note_asking(session, client)
  end
  answer[i] = is_in and 1 or 0
end
return answer
