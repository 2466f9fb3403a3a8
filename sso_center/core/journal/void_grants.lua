-- Voids every grant issued so far in a shard that came back: it may have forgotten which ones were redeemed.
-- ARGV: how long the cut-off is kept (ms)
redis.call('SET', prefix .. 'cutoff:grants:', string.format('%.0f', next_cutoff()), 'PX', tonumber(args[1]))
return 'OK'
