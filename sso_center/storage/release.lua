-- Releases a lock: deletes key ARGV[4] .. ARGV[5] when it still holds ARGV[6]. Returns 1 when it did.
if redis.call('GET', prefix .. ARGV[5]) == ARGV[6] then
  return redis.call('DEL', prefix .. ARGV[5])
end
return 0
