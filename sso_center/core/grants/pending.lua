-- A pending grant: `<prefix>pending:<hash of its code>`, a hash of
--   client    who asked for it; scope, with blanks between: for what
--   state     'pending' until a person answers, once: 'approved' or 'denied'; 'approving:<nonce>' while the grant is issued
--   shard     of the person who approved it, '' before: there the grant stands, under the same hash
--   deadline  until when an answer can be finished (ms): then its state is 'expired'
-- It stands in its client's shard, since nobody knows yet whose it will be.

local function pending_key(code) return prefix .. 'pending:' .. code end

local function pending_load(code)
  local f = redis.call('HMGET', pending_key(code), 'client', 'scope', 'state', 'shard', 'deadline')
  if not f[1] then return nil end
  local is_late = f[3] ~= 'approved' and f[3] ~= 'denied' and now >= tonumber(f[5])
  return {client = f[1], scope = f[2], state = is_late and 'expired' or f[3], shard = f[4]}
end
