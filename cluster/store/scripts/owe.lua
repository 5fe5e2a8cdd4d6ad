-- Correct the number of owed effects. KEYS: actor hash. ARGV: epoch, number.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'outstanding', ARGV[2])
return 1
