-- The single-desk lock. KEYS: lock. ARGV: what to do, token, seconds, owner.
-- The value is the token, a newline, and the owner as JSON.
local held = redis.call('GET', KEYS[1])
local token = held and string.match(held, '^[^\n]*')
if ARGV[1] == 'take' then
  if held and token ~= ARGV[2] then return string.sub(held, #token + 2) end
  redis.call('SET', KEYS[1], ARGV[2] .. '\n' .. ARGV[4], 'EX', ARGV[3])
  return ''
end
if token ~= ARGV[2] then return 0 end
if ARGV[1] == 'keep' then return redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return redis.call('DEL', KEYS[1])
