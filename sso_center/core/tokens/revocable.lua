-- To whom something was given, also while it does not count: what is given back must stay dead, although its person is
-- disabled just now, or it was used long ago. Looks only at what can't be undone.
-- Returns {'given', ...} | {'none'}
--! reply given: client, sub, sid, deadline, family, number

-- Whether what was given by `deadline` in a session ('' for none) has ended for good, whatever comes.
local function is_over(deadline, sid)
  if now >= deadline then return true end
  if sid == '' then return false end
  local session = session_load(sid)
  return not session or now >= session.deadline or now >= session.idle_deadline
end

local function token_given(token)
  if not token then return {'none'} end
  if token.family ~= '' then family_saw(token.family, tonumber(token.number) or 0) end
  if is_over(token.deadline, token.sid) then return {'none'} end
  local jti = token.family == '' and token.number or token.family .. '.' .. token.number
  if is_denied(jti) or token.family ~= '' and is_denied(token.family) then return {'none'} end
  return {'given', token.client, token.sub, token.sid, token.deadline, token.family, token.number}
end

local function family_given(family)
  if not family or is_over(family.deadline, family.sid) then return {'none'} end
  return {'given', family.client, family.sub, family.sid, family.deadline, family.id, ''}
end
