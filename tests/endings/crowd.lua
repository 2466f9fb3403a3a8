-- Fills this shard with the sessions of a crowd, each of another person, as opening them one by one would leave it.
-- ARGV: how many, roles ('|a|b|' or ''), how long they live (ms), from which number
local many, roles, life, first = tonumber(args[1]), args[2], tonumber(args[3]), tonumber(args[4])
for i = first, first + many - 1 do
  local shard = string.match(prefix, '{(..)}')
  local sid, sub = shard .. 'crowd' .. i, 'crowd-' .. shard .. '-' .. i
  local user = prefix .. 'user:' .. sub
  redis.call('HSET', user, 'version', 1, 'epoch', 0, 'disabled', 0, 'roles', roles, 'claims', '[]')
  redis.call('PEXPIRE', user, HORIZON)
  session_begin({sid = sid, sub = sub, chain = sid .. '-chain', epoch = 0, idle = life, life = life,
    about = '["pwd","",0,"","",false]', kind = 'browser', device = '', device_type = 'desktop'},
    {secret = 's', nonce = 'n', successor = 't'}, false)
end
return many
