-- Writes a user's copy, unless the shard has a newer one: of two changes, the later must win whatever
-- the order in which they arrive.
-- `is_disabled` is '0' or '1', `roles` '|a|b|', `claims` JSON for an older center, `user` JSON, `lifetime` in ms, `consents`
-- '|client=scope scope|client2=scope|'. `lost_roles` are those that the change took away ('|a|b|'), and `latest` is the
-- latest cut-off of a role that can have reached them (ms), '' for any.
-- Returns 1 when written, 0 when the stored one is newer
--! args: sub, version, epoch, is_disabled, roles, claims, lifetime, refresh_epoch, access_epoch, consents, lost_roles,
--!   latest: number, user
local key = prefix .. 'user:' .. sub
-- The lost roles are passed as well: there may be no copy that knows of them, or a newer one by now.
keep_cutoffs_of_lost_roles(sub, lost_roles, '', latest or math.huge)
local stored = tonumber(redis.call('HGET', key, 'version') or -1)
if tonumber(version) < stored then return 0 end
keep_cutoffs_of_lost_roles(sub, redis.call('HGET', key, 'roles') or '', roles, math.huge)
redis.call('HSET', key, 'version', version, 'epoch', epoch, 'disabled', is_disabled, 'roles', roles,
  'claims', claims, 'refresh_epoch', refresh_epoch, 'access_epoch', access_epoch, 'consents', consents, 'user', user)
redis.call('PEXPIRE', key, lifetime)
return 1
