-- Write the exit reason of an epoch. KEYS: actor hash. ARGV: epoch, reason.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'exit_reason', ARGV[2])
return 1
