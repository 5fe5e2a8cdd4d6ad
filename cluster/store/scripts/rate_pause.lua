-- Nobody behind the address takes anything for some ms; a longer pause stays. KEYS: pause key. ARGV: ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local till = math.max(now + tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%d', till), 'PX', math.max(1, till - now))
