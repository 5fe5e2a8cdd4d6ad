-- Commit the steps of one or more actors. First everything is checked, then everything is written: Redis runs a
-- script alone, but does not undo one that fails half-way.
--
-- KEYS: store hash, then per section: actor hash, journal, timers, own urgent, own mailbox, and per message the
-- receiver's hash and stream.
-- ARGV: capacity, number of sections, then per section what is read below, in that order.
local next_key, next_arg = 0, 0
local function key() next_key = next_key + 1; return KEYS[next_key] end
local function arg() next_arg = next_arg + 1; return ARGV[next_arg] end
local function args()
  local list = {}
  for i = 1, tonumber(arg()) do list[i] = arg() end
  return list
end

local generation = redis.call('HGET', key(), 'generation') or ''

-- Mail that an actor took but the store never had: read before a loss of history, and not to be acted on.
local function is_phantom(added, taken, more)
  return tonumber(taken or '0') + tonumber(more) > tonumber(added or '0')
end

local capacity = tonumber(arg())
local sections, answers = {}, {}
for i = 1, tonumber(arg()) do
  local s = {actor = key(), journal = key(), timers = key(), urgent = key(), mailbox = key()}
  s.epoch, s.step, s.generation, s.record = arg(), arg(), arg(), arg()
  s.fields, s.timers_set, s.timers_gone = args(), args(), args()
  s.taken_urgent, s.taken_mailbox = arg(), arg()
  s.trim = args()
  s.mail = {}
  for j = 1, tonumber(arg()) do
    s.mail[j] = {receiver = key(), stream = key(), counter = arg(), data = arg(), refusal = arg()}
  end
  local stored = redis.call('HMGET', s.actor, 'epoch', 'step', 'urgent.added', 'urgent.taken', 'mailbox.added',
    'mailbox.taken')
  if (stored[1] or '0') ~= s.epoch then
    answers[i] = 'fenced'
  elseif tonumber(stored[2] or '0') ~= tonumber(s.step) - 1 or (s.generation ~= '' and s.generation ~= generation)
      or is_phantom(stored[3], stored[4], s.taken_urgent) or is_phantom(stored[5], stored[6], s.taken_mailbox) then
    answers[i] = 'out_of_step'
  else
    answers[i] = 'committed'
  end
  sections[i] = s
end

local function deliver(s, mail)
  if mail.refusal ~= '' then
    local counts = redis.call('HMGET', mail.receiver, mail.counter .. '.added', mail.counter .. '.taken')
    if tonumber(counts[1] or '0') - tonumber(counts[2] or '0') >= capacity then
      redis.call('XADD', s.urgent, '*', 'm', mail.refusal)
      redis.call('HINCRBY', s.actor, 'urgent.added', 1)
      return
    end
  end
  redis.call('XADD', mail.stream, '*', 'm', mail.data)
  redis.call('HINCRBY', mail.receiver, mail.counter .. '.added', 1)
end

local function field(s, name)
  for i = 1, #s.fields, 2 do
    if s.fields[i] == name then return s.fields[i + 1] end
  end
end

local function lower(one, other)
  local a, b = {one:match('(%d+)-(%d+)')}, {other:match('(%d+)-(%d+)')}
  local before = tonumber(a[1]) < tonumber(b[1])
  if a[1] == b[1] then before = tonumber(a[2]) < tonumber(b[2]) end
  return before and one or other
end

-- The mail that a kept record names stays: the record is replayed with it. Beside each record lies how far its step
-- had read; where the one before the first kept record did not write it down, no mail goes.
local function trim(s)
  local before = redis.call('XREVRANGE', s.journal, '(' .. s.trim[1] .. '-0', '-', 'COUNT', 1)[1]
  redis.call('XTRIM', s.journal, 'MINID', '~', s.trim[1] .. '-0')
  if before and before[2][5] == 'm' then
    redis.call('XTRIM', s.urgent, 'MINID', '~', lower(before[2][4], s.trim[2]))
    redis.call('XTRIM', s.mailbox, 'MINID', '~', lower(before[2][6], s.trim[3]))
  end
end

for i, s in ipairs(sections) do
  if answers[i] == 'committed' then
    redis.call('XADD', s.journal, s.step .. '-0', 'r', s.record, 'u', field(s, 'urgent'), 'm', field(s, 'mailbox'))
    redis.call('HSET', s.actor, 'step', s.step, unpack(s.fields))
    redis.call('HINCRBY', s.actor, 'heartbeat', 1)
    redis.call('HINCRBY', s.actor, 'urgent.taken', s.taken_urgent)
    redis.call('HINCRBY', s.actor, 'mailbox.taken', s.taken_mailbox)
    if #s.timers_gone > 0 then redis.call('HDEL', s.timers, unpack(s.timers_gone)) end
    if #s.timers_set > 0 then redis.call('HSET', s.timers, unpack(s.timers_set)) end
    for _, mail in ipairs(s.mail) do deliver(s, mail) end
    if #s.trim > 0 then trim(s) end
  end
end
return answers
