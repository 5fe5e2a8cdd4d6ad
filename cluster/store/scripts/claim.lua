-- Claim an actor: the next epoch, unless the supervisor that asks has been superseded itself.
-- KEYS: actor hash, parent's hash, store hash, index of actors.
-- ARGV: address, incarnation, parent's epoch ('' for none), lowest epoch to exceed, how many earlier ones to keep,
-- the exit reason of a process that is refused: it leaves, and has no epoch under which it could write one.
local address, incarnation, parent_epoch, at_least = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if parent_epoch ~= '' then
  local stored = redis.call('HGET', KEYS[2], 'epoch') or '0'
  if stored ~= parent_epoch then
    if redis.call('HGET', KEYS[1], 'incarnation') == incarnation then
      redis.call('HSETNX', KEYS[1], 'exit_reason', ARGV[6])
    end
    return {'refused', stored}
  end
end
local was = redis.call('HMGET', KEYS[1], 'epoch', 'step', 'incarnation', 'exit_reason', 'claimed_step', 'deaths',
  'earlier')
local epoch = math.max(tonumber(was[1] or '0'), at_least) + 1
local step = was[2] or '0'
local deaths = 0
local known = was[7] or '[]'
local earlier = cjson.decode(known)
if was[3] then
  table.insert(earlier, 1, was[3])
  while #earlier > tonumber(ARGV[5]) do table.remove(earlier) end
  redis.call('HSET', KEYS[1], 'earlier', cjson.encode(earlier))
end
if was[3] and not was[4] and was[5] == step then deaths = tonumber(was[6] or '0') + 1 end
redis.call('HDEL', KEYS[1], 'exit_reason')
redis.call('HSET', KEYS[1], 'epoch', epoch, 'step', step, 'incarnation', incarnation,
  'claimed_step', step, 'deaths', deaths)
redis.call('HINCRBY', KEYS[1], 'heartbeat', 1)
redis.call('SADD', KEYS[4], address)
return {'claimed', tostring(epoch), redis.call('HGET', KEYS[3], 'generation') or '', was[3] or '', was[4] or '',
  tostring(deaths), known}
