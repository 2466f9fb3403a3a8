-- One page of an index of this shard's sessions, in no order. A session that stays in the index during the
-- whole scan is returned. By rank it would be missed as soon as one before it is touched or ends.
-- `cursor` begins as '0'. Returns the next cursor, '0' after the last page, and the sids, each once.
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

-- The index that holds every session a cut-off may concern.
local function index_of(scope, name)
  if scope == 'user' then return user_sessions_key(name) end
  if scope == 'client' then return client_sessions_key(name) end
  return prefix .. 'deadlines'
end
