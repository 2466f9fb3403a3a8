-- Whether a person has logged in with a device: `<prefix>device:<account>:<device>`, holds nothing.
-- ARGV: account and device, how long to know it (ms; 0 only looks)
-- Returns 1 when it was known
local key = prefix .. 'device:' .. args[1]
local was_known = redis.call('EXISTS', key)
if args[2] ~= '0' then redis.call('SET', key, '', 'PX', args[2]) end
return was_known
