-- Fills this shard with the sessions of a crowd: what opening them one by one would leave of what scripts look at, but
-- for their chains, which nobody presents. Ten sessions each are of one person.
-- `roles` is '|a|b|' or '', `life` how long they live (ms), `first` the number from which they count.
--! args: many: number, roles, life: number, first: number
local shard = string.match(prefix, '{(..)}')
local stamp, deadlines, seen = next_stamp(), {}, {}
for i = first, first + many - 1 do
  local sid, sub = shard .. 'crowd' .. i, 'crowd-' .. shard .. '-' .. math.floor(i / 10)
  if i == first or i % 10 == 0 then
    local user = prefix .. 'user:' .. sub
    redis.call('HSET', user, 'version', 1, 'epoch', 0, 'disabled', 0, 'roles', roles, 'claims', '[]')
    redis.call('PEXPIRE', user, HORIZON)
  end
  redis.call('HSET', session_key(sid), 'sub', sub, 'chain', sid, 'stamp', stamp, 'epoch', 0, 'idle', life,
    'idle_deadline', now + life, 'deadline', now + life, 'seen', now, 'about', '[]', 'kind', 'browser')
  redis.call('PEXPIRE', session_key(sid), life + SESSION_KEPT)
  deadlines[#deadlines + 1], deadlines[#deadlines + 2] = now + life, sid
  seen[#seen + 1], seen[#seen + 2] = now, sid
end
for index, members in pairs({deadlines = deadlines, seen = seen}) do
  redis.call('ZADD', prefix .. index, unpack(members))
  redis.call('PEXPIRE', prefix .. index, HORIZON)
end
return many
