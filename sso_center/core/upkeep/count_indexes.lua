-- Counts the entries of this shard's indexes.
-- Returns {sessions, people with sessions, families, sessions that expired more than a minute ago, endings
-- and revocations that have waited as long to be recorded}
local function card(index) return redis.call('ZCARD', prefix .. index) end
local function overdue(index) return redis.call('ZCOUNT', prefix .. index, '-inf', now - 60000) end
return {card('deadlines'), card('online'), card('family-deadlines'), overdue('deadlines'),
  overdue('closed') + overdue('revoking')}
