-- One look at several actors at the same instant. KEYS: control stream, then (hash, journal) per actor.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local answer = {last[1] and last[1][1] or '0-0'}
for i = 2, #KEYS, 2 do
  local fields = redis.call('HMGET', KEYS[i], 'epoch', 'step', 'heartbeat', 'urgent.added', 'urgent.taken',
    'mailbox.added', 'mailbox.taken', 'control', 'outstanding', 'next_timer', 'incarnation', 'exit_reason',
    'digest', 'now')
  for j = 1, 14 do fields[j] = fields[j] or '' end
  fields[15] = tostring(redis.call('XLEN', KEYS[i + 1]))
  fields[16] = redis.call('HGET', KEYS[i], 'venue') or ''
  answer[#answer + 1] = fields
end
return answer
