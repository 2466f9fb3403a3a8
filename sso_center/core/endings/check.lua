-- Says which sessions are alive and joined by one of some clients; asking counts as use.
-- `clients` have blanks between.
-- Returns {'checked', 1 or 0, ...} in the order asked | {'no_user', '', session reply...}
--! args: clients, *sids

-- Records the use, at most once a minute.
local function note_asking(session, client)
  local key = client_sessions_key(client)
  if now - tonumber(redis.call('ZSCORE', key, session.sid) or 0) < STEP_PAUSE then return end
  index_put(key, now, session.sid)
  step_asked(session, client)
end

-- Returns the first of the clients that is in a session, or nil.
local function first_in(session)
  for client in string.gmatch(clients, '%S+') do
    local joined = tonumber(redis.call('HGET', participants_key(session.sid), client) or -1)
    if joined >= 0 and not is_client_cut_off(joined, client) then return client end
  end
end

local answer = {'checked'}
for _, sid in ipairs(sids) do
  local session = session_load(sid)
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, user))} end
  local client = state == 'alive' and first_in(session)
  if client then
    session_touch(session)
    note_asking(session, client)
  end
  answer[#answer + 1] = client and 1 or 0
end
return answer
