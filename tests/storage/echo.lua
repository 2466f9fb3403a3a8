-- Returns what it was given, the shard's key and prefix, and the time. Writes nothing.
--! args: text
return {text, shard_key, prefix, now, run_id}
