-- Returns what it was given, the shard's key and prefix, and the time. Writes nothing.
return { ARGV[5], shard_key, prefix, now, ARGV[1] }
