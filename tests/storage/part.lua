-- Used by some scripts: short(x), long(x), and deep(x), which unused(x) would name.
local function short(x) return x .. ' short' end
local function deep(x)
  if x == '' then return 'nothing' end
  return short(x) .. ' deep'
end
local function unused(x)
  return deep(x)
end
local function long(x)
  local function within() return x end
  return deep(within()) .. ' long'
end
