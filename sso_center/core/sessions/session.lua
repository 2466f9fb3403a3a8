-- A session: `<prefix>session:<sid>`, a hash of
--   sub, chain  whose it is, and the id of the chain that opens it
--   stamp       when the person proved who they are (ms): cut-offs and max_age count against it
--   epoch       the user's credential epoch at that moment: a changed password makes it another
--   idle        how long it may lie unused (ms); idle_deadline = last touch + idle
--   deadline    when it ends whatever happens (ms)
--   seen        the last touch (ms), to the minute
--   kind        'browser' or 'app'; device (which one, hashed, '' when unknown) and device_type are for the limits
--   login       JSON by names: amr, acr, opened_at, user_agent, address, remembered; no decision of a script rests on it
--   about       the same as a list, without the user agent: for an older center that runs beside this one
--   closed      the id of the ending, once one has begun; with closed_reason, closed_actor, closed_at
-- Beside it: participants:<sid> (client -> when it joined), handles:<sid> (client -> what its protocol calls the session), user:<sub> (claims, disabled, epochs, roles, consents),
-- user-sessions:<sub> and deadlines (indexes by time), gone:<chain> (why what the chain opened has ended), and
-- presence.lua's. A key lives 7 days longer than the session, so that the sweep can still give notice of an
-- expiry: liveness is the stored deadline, never the TTL.

local SESSION_TOUCH = 60000

local function session_key(sid) return prefix .. 'session:' .. sid end
local function participants_key(sid) return prefix .. 'participants:' .. sid end
local function handles_key(sid) return prefix .. 'handles:' .. sid end
local function user_sessions_key(sub) return prefix .. 'user-sessions:' .. sub end
local function gone_key(chain) return prefix .. 'gone:' .. chain end

-- Of a text by names and one of an older center, the one to read: when such a center wrote last, its text begins with no
-- blank, and the other is out of date. Can go one release later, with the texts that it chooses among.
local function newest_of(text, legacy)
  if text and (not legacy or string.byte(legacy) == 32) then return text end
  return legacy
end

local function session_load(sid)
  local f = redis.call('HMGET', session_key(sid), 'sub', 'chain', 'stamp', 'epoch', 'idle', 'idle_deadline',
    'deadline', 'seen', 'about', 'closed', 'kind', 'device', 'device_type', 'login')
  if not f[1] then return nil end
  return {sid = sid, sub = f[1], chain = f[2], stamp = tonumber(f[3]), epoch = f[4], idle = tonumber(f[5]),
    idle_deadline = tonumber(f[6]), deadline = tonumber(f[7]), seen = tonumber(f[8]), about = newest_of(f[14], f[9]),
    closed = f[10], kind = f[11] or 'browser', device = f[12] or '', device_type = f[13] or 'other', legacy_about = f[9]}
end

-- What a session's `about` tells, by names; an older center kept a list.
local function about_read(text)
  local about = cjson.decode(text)
  if not about[1] then return about end
  return {v = 2, amr = about[1], acr = about[2], opened_at = about[3], user_agent = about[4], address = about[5],
    remembered = about[6]}
end

-- Epochs are text: they are compared, never counted with. `consents` is '|client=scope scope|client=...|' or ''.
-- `claims` is the user as Python reads it: users/stored.py.
local function user_load(sub)
  local f = redis.call('HMGET', prefix .. 'user:' .. sub, 'version', 'epoch', 'disabled', 'roles', 'claims',
    'refresh_epoch', 'access_epoch', 'consents', 'user')
  if not f[1] then return nil end
  return {version = f[1], epoch = f[2], disabled = f[3] == '1', roles = f[4] or '', claims = newest_of(f[9], f[5]),
    refresh_epoch = f[6] or '0', access_epoch = f[7] or '0', consents = f[8] or ''}
end

local function cutoff_at(kind, id)
  return tonumber(redis.call('GET', prefix .. 'cutoff:' .. kind .. ':' .. id) or -1)
end

-- Whether a cut-off for everyone, this user or one of the user's roles voids what was stamped then.
local function is_cut_off(stamp, sub, roles)
  if stamp > last_cutoff then return false end
  if stamp <= cutoff_at('everyone', '') or stamp <= cutoff_at('user', sub) then return true end
  for role in string.gmatch(roles, '[^|]+') do
    if stamp <= cutoff_at('role', role) then return true end
  end
  return false
end

local function is_client_cut_off(stamp, client)
  return stamp <= last_cutoff and stamp <= cutoff_at('client', client)
end

-- The one answer to "is this session alive": 'alive', or why not. 'no_user' means that the user's hash must be
-- refilled from SQL before anyone can say.
local function session_state(session, user)
  if not session then return 'gone' end
  if session.closed then return 'closed' end
  if now >= session.deadline or now >= session.idle_deadline then return 'expired' end
  if not user then return 'no_user' end
  if user.disabled then return 'disabled' end
  if user.epoch ~= session.epoch then return 'stale' end
  if is_cut_off(session.stamp, session.sub, user.roles) then return 'cut_off' end
  return 'alive'
end

-- Why a session that is not alive ended or will be ended, in the words of core/reasons.py; '' when nobody knows.
local function session_reason(session, state)
  if state == 'closed' then return redis.call('HGET', session_key(session.sid), 'closed_reason') or '' end
  local reasons = {expired = 'expired', disabled = 'disabled', stale = 'password_change', cut_off = 'admin'}
  return reasons[state] or ''
end

local function index_deadline(session)
  index_put(prefix .. 'deadlines', math.min(session.deadline, session.idle_deadline), session.sid)
end

-- Notes that a living session was used; writes at most once a minute.
local function session_touch(session)
  if now - session.seen < SESSION_TOUCH then return end
  session.seen = now
  session.idle_deadline = now + session.idle
  redis.call('HSET', session_key(session.sid), 'seen', now, 'idle_deadline', session.idle_deadline)
  index_deadline(session)
  presence_note(session)
end

-- Whether a client has been in a session since before `stamp`, when it got what it presents now.
local function session_has(session, client, stamp)
  local joined = tonumber(redis.call('HGET', participants_key(session.sid), client) or -1)
  return joined >= 0 and joined <= stamp and not is_client_cut_off(stamp, client)
end

-- Notes what a client's protocol calls the session at the client: the latest name counts. Kept beside the participants,
-- since a worker of an older center reads nothing but a number there.
local function session_name(session, client, handle)
  redis.call('HSET', handles_key(session.sid), client, handle)
  redis.call('PEXPIRE', handles_key(session.sid), session.deadline - now + SESSION_KEPT)
end

-- Joins a client to a session; one that has joined stays as it is, unless a cut-off came between. A new join has no
-- handle yet: a worker of an older center leaves the former one's behind.
-- Returns when it joined, and whether that was now. What it gets is stamped no earlier, though hosts' clocks differ.
local function session_join(session, client, stamp)
  local key = participants_key(session.sid)
  index_put(client_sessions_key(client), now, session.sid)
  local joined = tonumber(redis.call('HGET', key, client) or -1)
  if joined >= 0 and not is_client_cut_off(joined, client) then return joined, false end
  redis.call('HSET', key, client, stamp)
  redis.call('PEXPIRE', key, session.deadline - now + SESSION_KEPT)
  redis.call('HDEL', handles_key(session.sid), client)
  return stamp, true
end

-- What the holder of a chain's token finds: outcome, session, user, and the nonce that tells a successor, or, when the
-- session is not alive, why. `presented` is {secret, nonce, successor} of the token; `interval` is the age (ms) from
-- which one is told.
local function session_visit(chain_id, generation, presented, interval)
  local chain = chain_load(chain_id)
  if not chain then
    local reason = redis.call('GET', gone_key(chain_id))
    if not reason then return 'unknown' end
    return reason == 'expired' and 'expired' or 'ended', nil, nil, reason
  end
  local verdict = chain_judge(chain, generation, presented.secret)
  if verdict == 'unknown' then return 'unknown' end
  local session = session_load(chain.owner)
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return 'no_user', session end
  if state ~= 'alive' then
    local reason = session_reason(session, state)
    return reason == 'expired' and 'expired' or 'ended', session, nil, reason
  end
  if verdict == 'reuse' or verdict == 'rollback' then return verdict, session end
  session_touch(session)
  if verdict == 'successor' then
    chain_advance(chain, presented)
    return 'alive', session, user, ''
  end
  return 'alive', session, user, verdict == 'current' and chain_tell(chain, interval) or ''
end

-- A session and its user as the caller in Python reads them; see sessions/record.py.
local function session_reply(session, user)
  return {session.sid, session.sub, session.stamp, session.seen, session.deadline, session.about, session.chain,
    user and user.claims or ''}
end

-- Closes a session: from here nothing of it is found, joined or redeemed. Closing again keeps the first ending.
-- Returns {id, reason, actor, closed at (ms), sub} of the ending, or nil when there is no such session.
local function session_close(sid, ending_id, reason, actor)
  local f = redis.call('HMGET', session_key(sid), 'closed', 'closed_reason', 'closed_actor', 'closed_at', 'sub')
  if not f[5] then return nil end
  if f[1] then return f end
  redis.call('HSET', session_key(sid), 'closed', ending_id, 'closed_reason', reason, 'closed_actor', actor,
    'closed_at', now)
  -- Until the ending is recorded the sweep finds it here, whatever became of us.
  index_put(prefix .. 'closed', now, sid)
  return {ending_id, reason, actor, now, f[5]}
end
