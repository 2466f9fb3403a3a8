-- Whether a person has logged in with a device: `<prefix>device:<account>:<device>`, holds nothing.
-- `device` is both; `lifetime` is how long to know it (ms; 0 only looks).
-- Returns 1 when it was known
--! args: device, lifetime
local key = prefix .. 'device:' .. device
local was_known = redis.call('EXISTS', key)
if lifetime ~= '0' then redis.call('SET', key, '', 'PX', lifetime) end
return was_known
