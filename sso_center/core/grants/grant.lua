-- A grant: `<prefix>grant:<hash of the code>`, a hash of
--   client        to whom it was issued; redirect: where it was sent; challenge: of its verifier, '' without one
--   sid           the session in which it was issued, and which the client joined with it
--   stamp         when it was issued (ms): cut-offs count against it
--   deadline      when it is worth nothing any more (ms)
--   scope         what was granted, with blanks between; nonce: the client's, '' without one
--   about         JSON of both, for an older center that runs beside this one; can go one release later
--   redeemed      when it was (ms); gave: the sid of the session that it opened for an app, '' for none
-- The record outlives the grant, so that a replay is known for one.

local function grant_key(code) return prefix .. 'grant:' .. code end

local function grant_put(code, grant, life, kept)
  redis.call('HSET', grant_key(code), 'client', grant.client, 'redirect', grant.redirect_uri,
    'challenge', grant.challenge, 'sid', grant.sid, 'stamp', grant.stamp, 'deadline', now + life,
    'about', grant.about, 'scope', grant.scope, 'nonce', grant.nonce)
  redis.call('PEXPIRE', grant_key(code), kept)
end

-- The nonce of a grant that an older center issued; can go one release later.
local function nonce_in(about)
  local nonce = cjson.decode(about)[2]
  return nonce ~= cjson.null and nonce or ''
end

local function grant_load(code)
  local f = redis.call('HMGET', grant_key(code), 'client', 'redirect', 'challenge', 'sid', 'stamp', 'deadline', 'about',
    'redeemed', 'scope', 'gave', 'nonce')
  if not f[9] then return nil end -- there is none, or it is of an older center, which kept its scope elsewhere
  return {code = code, client = f[1], redirect_uri = f[2], challenge = f[3], sid = f[4], stamp = tonumber(f[5]),
    deadline = tonumber(f[6]), redeemed = f[8], scope = f[9], gave = f[10] or '', nonce = f[11] or nonce_in(f[7])}
end

-- The one answer to "may this grant be redeemed now": 'good', or why not, without changing anything; then the session it
-- was issued in, and that session's user. `client`, `redirect_uri` and `challenge` are what is presented with it.
-- What its owner alone can know comes first: a stranger's mistake must neither burn it nor count as its replay.
local function grant_state(grant, client, redirect_uri, challenge)
  if not grant then return 'unknown' end
  if grant.client ~= client then return 'wrong_client' end
  if grant.challenge ~= challenge then return 'wrong_verifier' end
  if grant.redirect_uri ~= redirect_uri then return 'wrong_redirect_uri' end
  local session = session_load(grant.sid)
  if grant.redeemed then return 'replayed', session end
  if now >= grant.deadline then return 'expired' end
  -- A store that came back may have forgotten that this grant was redeemed.
  if grant.stamp <= last_cutoff and grant.stamp <= cutoff_at('grants', '') then return 'voided' end
  local user = session and user_load(session.sub)
  local state = session_state(session, user)
  if state == 'no_user' then return 'no_user', session end
  if state ~= 'alive' then return 'session_' .. state end
  if not session_has(session, grant.client, grant.stamp) then return 'client_left' end
  return 'good', session, user
end

-- Spends a grant. `gave` is the sid of the session that it opened, or ''.
local function grant_redeem(grant, gave)
  redis.call('HSET', grant_key(grant.code), 'redeemed', now, 'gave', gave)
end
