-- Declare the store reborn after a loss of history, once per generation that was lost. What is stored may be older
-- than the generation that is mourned, or empty: whoever comes first renews it, and the ancestors tell the others
-- that it has been done. KEYS: store hash, control stream. ARGV: generation mourned, new generation, notice.
local stored = redis.call('HMGET', KEYS[1], 'generation', 'ancestors')
local generation, ancestors = stored[1] or '', cjson.decode(stored[2] or '[]')
for _, ancestor in ipairs(ancestors) do
  if ancestor == ARGV[1] then return generation end
end
table.insert(ancestors, ARGV[1])
if generation ~= ARGV[1] then table.insert(ancestors, generation) end
while #ancestors > 64 do table.remove(ancestors, 1) end
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'ancestors', cjson.encode(ancestors))
redis.call('XADD', KEYS[2], '*', 'm', ARGV[3])
return ARGV[2]
