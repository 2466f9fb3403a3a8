-- Opens every script.
--   KEYS[1]  the shard's own hash: run, lineage, position, config, stamp, cutoff
--   ARGV[1]  run id of the server this very connection talks to
--   ARGV[2]  the caller's configuration version
--   ARGV[3]  now, in milliseconds
--   ARGV[4]  what the shard's keys start with
--   ARGV[5]  and on: the script's own arguments, by the names that it declares
local shard_key = KEYS[1]
local run_id, caller_config = ARGV[1], tonumber(ARGV[2])
local now = tonumber(ARGV[3])
local prefix = ARGV[4]

local marker = redis.call('HMGET', shard_key, 'run', 'config', 'stamp', 'cutoff')
local last_stamp = tonumber(marker[3] or 0)
local last_cutoff = tonumber(marker[4] or 0)

local function note(field, at)
  redis.call('HSET', shard_key, field, string.format('%.0f', at))
  if not marker[1] then
    -- Only a trusted shard's hash has its lifetime: nothing is to stay for ever (here 400 days).
    redis.call('PEXPIRE', shard_key, 34560000000)
  end
end

-- When something is issued: after every cut-off so far, whatever this host's clock says.
local function next_stamp()
  local stamp = math.max(now, last_cutoff + 1)
  if stamp > last_stamp then
    last_stamp = stamp
    note('stamp', stamp)
  end
  return stamp
end

-- When something is cut off: nothing stamped so far comes after it, whatever this host's clock says.
local function next_cutoff()
  local cutoff = math.max(now, last_stamp)
  if cutoff > last_cutoff then
    last_cutoff = cutoff
    note('cutoff', cutoff)
  end
  return cutoff
end
