-- One life sign of an epoch, and where the store stands. KEYS: actor hash, store hash. ARGV: epoch.
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'step')
if stored[1] == ARGV[1] then redis.call('HINCRBY', KEYS[1], 'heartbeat', 1) end
return {stored[1] or '0', stored[2] or '0', redis.call('HGET', KEYS[2], 'generation') or ''}
