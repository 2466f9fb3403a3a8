-- A part of an index of this shard's sessions by time, the latest first, behind a place in it: by time and sid, since by
-- rank it would move with whatever is used or ends meanwhile. The place is `behind_at` (ms, '' to begin) and `behind_sid`.
-- Returns {how many there are, sid, time, sid, time, ...}
--! args: index, behind_at, behind_sid, count: number
local key = prefix .. index

-- Byte by byte, as sorted sets are ordered; Lua compares by the server's locale.
local function is_below(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- The rank of the first behind the place; those of the same instant are halved until it is found.
local function rank_behind(at, sid)
  local low, high = redis.call('ZCOUNT', key, '(' .. at, '+inf'), redis.call('ZCOUNT', key, at, '+inf')
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_below(redis.call('ZREVRANGE', key, middle, middle)[1], sid) then high = middle else low = middle + 1 end
  end
  return low
end

local first = behind_at ~= '' and rank_behind(behind_at, behind_sid) or 0
local page = redis.call('ZREVRANGE', key, first, first + count - 1, 'WITHSCORES')
return {redis.call('ZCARD', key), unpack(page)}
