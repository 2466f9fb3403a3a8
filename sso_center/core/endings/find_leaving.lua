-- Fixes the moment at which a client leaves a session that is alive, or whose account is only disabled: what
-- it joined or got before no longer counts. Changes nothing else: the client leaves when that is recorded.
-- Returns {'leaving', the moment (ms), sub, its handle or ''} | {'gone'} | {'no_user', '', session reply...}
--! args: sid, client
--! reply leaving: moment, sub, handle
local session = session_load(sid)
local state = session_state(session, session and user_load(session.sub))
if state == 'no_user' then return {'no_user', '', unpack(session_reply(session, nil))} end
if state ~= 'alive' and state ~= 'disabled' or redis.call('HEXISTS', participants_key(sid), client) == 0 then return {'gone'} end
return {'leaving', next_cutoff(), session.sub, redis.call('HGET', handles_key(sid), client) or ''}
