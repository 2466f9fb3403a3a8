-- What opens sessions, of browsers and of apps alike.

-- Before another login's address and browser take the place of this one's: its steps are spelled out, and it becomes one
-- of them.
local function steps_settle(session)
  local login, key = about_read(session.about), steps_key(session.sid)
  local at, where = login.opened_at, login.address .. '|' .. login.user_agent
  local steps, own = redis.call('LRANGE', key, 0, STEPS_KEPT - 2), nil
  for i, step in ipairs(steps) do
    if not own and tonumber(string.match(step, '^%d+')) < at then own = i end
    if string.find(step, '^%d+|[^|]*|$') then steps[i] = step .. where end
  end
  table.insert(steps, own or #steps + 1, string.format('%.0f||', at) .. where)
  redis.call('DEL', key)
  redis.call('RPUSH', key, unpack(steps))
end

-- What an older center reads of a session. It begins with a blank, by which newest_of knows who wrote last.
local function about_legacy(about)
  return ' ' .. cjson.encode({about.amr, about.acr, about.opened_at, about.user_agent, about.address,
    about.remembered})
end

-- Begins a session, or begins one anew under its sid. `s` is {sid, sub, chain, epoch, idle (ms), life (ms), about,
-- kind, device, device_type}; `presented` begins the chain, `strict` as in chain.lua. Returns `s` as session_load
-- would give it: stamped, and with its deadlines.
local function session_begin(s, presented, strict)
  s.stamp, s.seen, s.idle_deadline, s.deadline = next_stamp(), now, now + s.idle, now + s.life
  s.legacy_about = about_legacy(about_read(s.about))
  redis.call('HSET', session_key(s.sid), 'sub', s.sub, 'chain', s.chain, 'stamp', s.stamp, 'epoch', s.epoch,
    'idle', s.idle, 'idle_deadline', s.idle_deadline, 'deadline', s.deadline, 'seen', now, 'login', s.about,
    'about', s.legacy_about, 'kind', s.kind, 'device', s.device, 'device_type', s.device_type)
  redis.call('PEXPIRE', session_key(s.sid), s.life + SESSION_KEPT)
  chain_begin(s.chain, s.sid, presented, s.life + SESSION_KEPT, strict)
  index_put(user_sessions_key(s.sub), s.deadline, s.sid)
  -- Also where the sid is in it already: a session that is opened anew outlives what its index had left.
  redis.call('PEXPIRE', user_sessions_key(s.sub), HORIZON)
  index_deadline(s)
  presence_note(s)
  return s
end

local function was_seen_before(one, other)
  if one.seen ~= other.seen then return one.seen < other.seen end
  if one.stamp ~= other.stamp then return one.stamp < other.stamp end
  return one.sid < other.sid
end

-- Makes room for one more session of a user, of at most `limit` (0: any number): of their living ones, or of those of
-- the same device type when `by_type`; those in the set `except` do not count, since what is opened takes their place.
-- By the policy 'refuse' nothing is done for it; by 'end_oldest' the least recently seen are closed, whom the caller then
-- ends. Returns whether there is room, the sids that were closed, and how many sessions are living.
local function session_make_room(sub, device_type, limit, policy, by_type, ending_id, except)
  if limit <= 0 then return true, {}, 0 end
  local user, living = user_load(sub), {}
  for _, sid in ipairs(redis.call('ZRANGE', user_sessions_key(sub), 0, -1)) do
    local session = not except[sid] and session_load(sid)
    if session and session_state(session, user) == 'alive' and (not by_type or session.device_type == device_type) then
      living[#living + 1] = session
    end
  end
  local surplus, closed = #living + 1 - limit, {}
  if surplus <= 0 then return true, closed, #living end
  if policy == 'refuse' then return false, closed, #living end
  table.sort(living, was_seen_before)
  for i = 1, surplus do
    session_close(living[i].sid, ending_id .. ':' .. i, 'evicted', 'center')
    closed[i] = living[i].sid
  end
  return true, closed, #living - surplus
end
