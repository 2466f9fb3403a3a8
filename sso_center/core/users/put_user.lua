-- Writes a user's copy, unless the shard has a newer one: of two changes, the later must win whatever
-- the order in which they arrive.
-- ARGV: sub, version, epoch, disabled ("0" or "1"), roles ("|a|b|"), claims (for an older center), lifetime (ms),
--       refresh epoch, access epoch, consents ("|client=scope scope|client2=scope|"), roles that the change took away
--       ("|a|b|"), the latest cut-off of a role that can have reached them (ms), or '' for any, the user (JSON)
-- Returns 1 when written, 0 when the stored one is newer
local key = prefix .. 'user:' .. args[1]
-- What was lost is told as well: there may be no copy that knows of it, or one that is newer by now.
keep_cutoffs_of_lost_roles(args[1], args[11], '', tonumber(args[12]) or math.huge)
local stored = tonumber(redis.call('HGET', key, 'version') or -1)
if tonumber(args[2]) < stored then return 0 end
keep_cutoffs_of_lost_roles(args[1], redis.call('HGET', key, 'roles') or '', args[5], math.huge)
redis.call('HSET', key, 'version', args[2], 'epoch', args[3], 'disabled', args[4], 'roles', args[5],
  'claims', args[6], 'refresh_epoch', args[8], 'access_epoch', args[9], 'consents', args[10],
  'user', args[13])
redis.call('PEXPIRE', key, args[7])
return 1
