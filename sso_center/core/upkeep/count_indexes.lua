-- Counts what this shard's indexes hold.
-- Returns {sessions, people who have some, families, sessions that expired more than a minute ago, endings and
-- revocations that have waited as long to be recorded}
local function card(index) return redis.call('ZCARD', prefix .. index) end
local function overdue(index) return redis.call('ZCOUNT', prefix .. index, '-inf', now - 60000) end
return {card('deadlines'), card('online'), card('family-deadlines'), overdue('deadlines'),
  overdue('closed') + overdue('revoking')}
