-- Presence: who was seen when, and where a session was used. All written with the touch or the grant that shows it.
--   seen                      sid -> its last touch (ms)
--   online                    sub -> the last touch of any session of theirs (ms)
--   client-sessions:<client>  sid -> when the client last got a grant in it or asked after it (ms)
--   used:<hour>               client -> how many grants it got in that hour (since 1970)
--   steps:<sid>               the last uses of the session, newest first, each a short text:
--     at|client                     by the site itself, which says nothing of the browser
--     at|client|                    from the address and in the browser of the login, as the session has them
--     at|client|address|user agent  from elsewhere, or an earlier login when the client is ''
-- The login that the session tells of is not repeated there.

local DAY = 86400000
local SESSION_KEPT = 7 * DAY
local HORIZON = 408 * DAY
local STEPS_KEPT = 25
local STEPS_SPARE = 8
local STEPS_RECENT = 5
local STEP_PAUSE = 60000
local USED_KEPT = 26 * 3600000

local function client_sessions_key(client) return prefix .. 'client-sessions:' .. client end
local function steps_key(sid) return prefix .. 'steps:' .. sid end

-- Puts a member into an index by time. The index outlives whatever it names, and lives on with each new member.
local function index_put(key, at, member)
  if redis.call('ZADD', key, at, member) == 1 then redis.call('PEXPIRE', key, HORIZON) end
end

local function presence_note(session)
  index_put(prefix .. 'seen', now, session.sid)
  index_put(prefix .. 'online', now, session.sub)
end

local function step_push(session, text)
  local key = steps_key(session.sid)
  local count = redis.call('LPUSH', key, text)
  if count == 1 then
    redis.call('PEXPIRE', key, session.deadline - now + SESSION_KEPT)
  elseif count >= STEPS_KEPT + STEPS_SPARE then
    redis.call('LTRIM', key, 0, STEPS_KEPT - 1)
  end
end

-- Notes that a browser came for a client, or by itself (client ''), and counts the use of the client.
local function session_step(session, client, address, user_agent)
  local as_told = '"user_agent":"' .. user_agent .. '","address":"' .. address .. '"'
  local is_as_at_login = string.find(session.about, as_told, 1, true)
    or string.find(session.about, ',"' .. user_agent .. '","' .. address .. '",', 1, true)
  step_push(session, now .. '|' .. client .. '|' .. (is_as_at_login and '' or address .. '|' .. user_agent))
  if client ~= '' then
    local key = prefix .. 'used:' .. math.floor(now / 3600000)
    if redis.call('ZINCRBY', key, 1, client) == '1' then redis.call('PEXPIRE', key, USED_KEPT) end
  end
end

-- Notes that a client itself asked about a session, as one step while nothing else comes between and at most once a
-- minute, so that those who often ask push nothing out.
local function step_asked(session, client)
  local recent = redis.call('LRANGE', steps_key(session.sid), 0, STEPS_RECENT - 1)
  for place, step in ipairs(recent) do
    local at, who = string.match(step, '^(%d+)|([^|]*)$')
    if who == client then
      if now - tonumber(at) < STEP_PAUSE then return end
      if place == 1 then
        redis.call('LSET', steps_key(session.sid), 0, now .. '|' .. client)
        return
      end
    end
  end
  step_push(session, now .. '|' .. client)
end
