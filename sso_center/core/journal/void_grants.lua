-- Voids every grant issued so far in a shard that came back: it may have forgotten which ones were redeemed.
--! args: kept
redis.call('SET', prefix .. 'cutoff:grants:', string.format('%.0f', next_cutoff()), 'PX', kept)
return 'OK'
