-- A bucket of attempts: `<prefix>limit:<name>`, a hash of
--   count    attempts since the window opened; may pass the limit, the caller compares
--   closes   when the window ends (ms): it opens at the first attempt and is never prolonged, so that
--            refused attempts keep nobody out for longer
-- `amount` is how many attempts to add (less than 0 gives back), `length` that of a window (ms).
-- Returns {count, closes}
--! args: name, amount: number, length: number
local key = prefix .. 'limit:' .. name
local stored = redis.call('HMGET', key, 'count', 'closes')
local count, closes = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
if now >= closes or closes > now + length then count, closes = 0, now + length end

count = math.max(count + amount, 0)
if count == 0 then
  redis.call('DEL', key)
else
  redis.call('HSET', key, 'count', count, 'closes', string.format('%.0f', closes))
  redis.call('PEXPIRE', key, length)
end
return {count, closes}
