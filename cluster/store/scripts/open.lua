-- Give birth to the store, once. KEYS: store hash, control stream. ARGV: generation, notice.
local stored = redis.call('HGET', KEYS[1], 'generation') or ''
if stored ~= '' then return stored end
redis.call('HSET', KEYS[1], 'generation', ARGV[1])
redis.call('XADD', KEYS[2], '*', 'm', ARGV[2])
return ARGV[1]
