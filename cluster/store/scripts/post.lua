-- Deliver one message from outside any actor. KEYS: receiver's hash, stream. ARGV: counter, data.
redis.call('HINCRBY', KEYS[1], ARGV[1] .. '.added', 1)
return redis.call('XADD', KEYS[2], '*', 'm', ARGV[2])
