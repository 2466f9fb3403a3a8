-- A part of an index of this shard's sessions, in no order, whatever moves meanwhile: one that is there throughout a
-- walk is met by it. By rank it would be missed as soon as another before it is touched or ends.
-- `cursor` is '0' to begin with. Returns the next cursor, '0' after the last part, and the sids, each once.
local function scan_sessions(index, cursor, count)
  local page = redis.call('ZSCAN', index, cursor, 'COUNT', count)
  local sids, is_there = {}, {}
  for i = 1, #page[2], 2 do
    local sid = page[2][i]
    if not is_there[sid] then
      sids[#sids + 1], is_there[sid] = sid, true
    end
  end
  return page[1], sids
end

-- The sessions that a cut-off may concern are all in this index.
local function index_of(scope, name)
  if scope == 'user' then return user_sessions_key(name) end
  if scope == 'client' then return client_sessions_key(name) end
  return prefix .. 'deadlines'
end
