-- A role's cut-off concerns everybody who had the role by then. Losing the role afterwards revives nothing
-- that it cut off: the cut-off becomes the user's own. `before` and `after` are roles as the user's copy has
-- them: '|a|b|' or ''. A cut-off later than `latest` (ms) came after the loss and did not reach the user.
local function keep_cutoffs_of_lost_roles(sub, before, after, latest)
  if last_cutoff == 0 or before == after then return end
  local own = prefix .. 'cutoff:user:' .. sub
  for role in string.gmatch(before, '[^|]+') do
    local of_role = prefix .. 'cutoff:role:' .. role
    local at = tonumber(redis.call('GET', of_role) or -1)
    local is_lost = not string.find(after, '|' .. role .. '|', 1, true)
    if is_lost and at <= latest and at > tonumber(redis.call('GET', own) or -1) then
      redis.call('SET', own, string.format('%.0f', at), 'PX', math.max(redis.call('PTTL', of_role), 1))
    end
  end
end
