-- A family: `<prefix>family:<id>`, what one grant gave and all that came of it; lives and dies as one. A hash of
--   client, sub  who got it, and for whom
--   sid          the session it hangs on; '' when it outlives sessions (offline)
--   format       of its last access token: opaque, jwt, or app (then `sid` is the app's own session)
--   login        JSON by names: amr and acr of the login, and auth_time: when it was (ms); for ID tokens
--   about        a list that tells the same to an older center that runs beside this one
--   scope        what it may be asked for, with blanks between
--   stamp        when it was born (ms): cut-offs count against it
--   epoch        the user's refresh_epoch at that moment: what voids refresh tokens makes it another
--   deadline     when it ends whatever happens (ms)
--   chain        its refresh chain, '' without one
--   retry        how long a used refresh token may be told again (ms)
-- and what it was told last, so that a lost answer can be given once more:
--   told         when the current generation was first used (ms), issued: the access token it was given then
--   advanced     when the successor was first used (ms), nonce_before and issued_before: the answer before that
--                ('' when the store lost it)
--   seen         the newest generation whose answer was seen here (0: none), by its access token or its successor

local FAMILY_KEPT = 7 * DAY
local REFRESH_AGAIN = 10000

local function family_key(id) return prefix .. 'family:' .. id end
local function user_families_key(sub) return prefix .. 'user-families:' .. sub end

local function is_denied(id) return redis.call('EXISTS', prefix .. 'denied:' .. id) == 1 end

local function family_load(id)
  local f = redis.call('HMGET', family_key(id), 'client', 'sub', 'sid', 'format', 'about', 'scope', 'stamp', 'epoch',
    'deadline', 'chain', 'retry', 'told', 'issued', 'advanced', 'nonce_before', 'issued_before', 'seen', 'auth_time', 'login')
  if not f[1] then return nil end
  return {id = id, client = f[1], sub = f[2], sid = f[3], format = f[4], login = f[19] or f[5], scope = f[6],
    stamp = tonumber(f[7]), epoch = f[8], deadline = tonumber(f[9]), chain = f[10], retry = tonumber(f[11]),
    told = tonumber(f[12] or 0), issued = f[13], advanced = tonumber(f[14] or 0), nonce_before = f[15],
    issued_before = f[16], seen = tonumber(f[17]), auth_time = f[18]}
end

-- How the person of a session proved who they are.
local function login_of(session)
  local about = about_read(session.about)
  return cjson.encode({v = 2, amr = about.amr, acr = about.acr})
end

-- Begins a family, whose login is that of `session`.
local function family_begin(family, session)
  redis.call('HSET', family_key(family.id), 'client', family.client, 'sub', family.sub, 'sid', family.sid,
    'format', family.format, 'login', login_of(session), 'about', session.legacy_about, 'scope', family.scope, 'stamp', family.stamp,
    'epoch', family.epoch, 'deadline', family.deadline, 'chain', family.chain, 'retry', family.retry,
    'auth_time', family.auth_time, 'seen', 0)
  redis.call('PEXPIRE', family_key(family.id), family.deadline - now + FAMILY_KEPT)
  redis.call('ZADD', prefix .. 'family-deadlines', family.deadline, family.id)
  redis.call('PEXPIRE', prefix .. 'family-deadlines', HORIZON)
  if family.sid == '' then
    redis.call('ZADD', user_families_key(family.sub), family.deadline, family.id)
    redis.call('PEXPIRE', user_families_key(family.sub), HORIZON)
  end
end

-- The one answer to "does what somebody got still count": 'alive', or why not; then the user, and the session it
-- hangs on. `got` has client, sub, sid ('' when it outlives sessions) and stamp.
local function got_state(got)
  local session, user, state
  if got.sid ~= '' then
    session = session_load(got.sid)
    user = session and user_load(session.sub)
    state = session_state(session, user)
    if state == 'no_user' then return 'no_user' end
    if state ~= 'alive' then return 'session_' .. state end
    -- Only a forged JWT names another person than its session does.
    if session.sub ~= got.sub then return 'other_person' end
    if not session_has(session, got.client, got.stamp) then return 'client_left' end
    return 'alive', user, session
  end
  user = user_load(got.sub)
  if not user then return 'no_user' end
  if user.disabled then return 'disabled' end
  if is_cut_off(got.stamp, got.sub, user.roles) or is_client_cut_off(got.stamp, got.client) then return 'cut_off' end
  return 'alive', user
end

local function family_state(family)
  if is_denied(family.id) then return 'revoked' end
  if now >= family.deadline then return 'expired' end
  local state, user, session = got_state(family)
  if state == 'alive' and user.refresh_epoch ~= family.epoch then return 'stale' end
  return state, user, session
end

-- Whether an offline family gave a token: for this client, this person, and no later than it ended.
local function family_gave(family, token)
  return family and family.sid == '' and family.client == token.client and family.sub == token.sub
    and now < family.deadline
end

-- Notes that the answer to a generation arrived, since what it gave was shown here; written once for each.
local function family_saw(id, generation)
  if generation > 0 and tonumber(redis.call('HGET', family_key(id), 'seen') or generation) < generation then
    redis.call('HSET', family_key(id), 'seen', generation)
  end
end

-- What a presented refresh token is, without changing anything: chain_judge's word, but for the current one, which is
--   first     not used before
--   retry     used before, within its window: that answer was lost
--   late      after it, and nothing shows that the answer arrived
--   reuse     after it, or nobody could say: a JWT is checked where we can't see it
-- and for the one before, which is 'overlap' for REFRESH_AGAIN only: a request under way.
local function refresh_judge(chain, family, generation, secret)
  local verdict = chain_judge(chain, generation, secret)
  if verdict == 'overlap' then
    -- A successor that was used but never told: the store lost the telling, and with it the answer.
    if family.issued_before == '' then return 'rollback' end
    return now <= family.advanced + REFRESH_AGAIN and 'overlap' or 'reuse'
  end
  if verdict ~= 'current' then return verdict end
  if family.told == 0 then return 'first' end
  if now <= family.told + family.retry then return 'retry' end
  return (family.format == 'jwt' or family.seen == generation) and 'reuse' or 'late'
end

-- An opaque access token: `<prefix>token:<its hash>`, a hash of client, sub, sid, scope, stamp, deadline (ms), epoch
-- (the user's access_epoch), family and number; the two make its jti. A JWT carries the same in itself.
local function token_put(hash, token)
  local key = prefix .. 'token:' .. hash
  redis.call('HSET', key, 'client', token.client, 'sub', token.sub, 'sid', token.sid, 'scope', token.scope,
    'stamp', token.stamp, 'deadline', token.deadline, 'epoch', token.epoch, 'family', token.family, 'number', token.number)
  redis.call('PEXPIRE', key, token.deadline - now + 60000)
end

-- Returns the opaque token of that hash, or nil.
local function token_load(hash)
  local f = redis.call('HMGET', prefix .. 'token:' .. hash, 'client', 'sub', 'sid', 'scope', 'stamp', 'deadline', 'epoch',
    'family', 'number')
  -- One without a number is of an older center, which knew no epochs either: whoever holds it asks for another.
  if not f[9] then return nil end
  return {client = f[1], sub = f[2], sid = f[3], scope = f[4], stamp = tonumber(f[5]), deadline = tonumber(f[6]),
    epoch = f[7], family = f[8], number = f[9]}
end
