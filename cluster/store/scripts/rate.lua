-- One budget of requests for all processes behind an address. KEYS: pause key, then one hash per limit.
-- ARGV: for each limit its units, ceiling, window and slot in ms. Returns 0 when all was taken; otherwise nothing was,
-- and the ms to wait, or -1 when it can never be.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local paused = tonumber(redis.call('GET', KEYS[1]) or '0')
local longest = math.max(0, paused - now)
for i = 2, #KEYS do
  local at = (i - 2) * 4
  local units, ceiling = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local window, slot = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  if units > ceiling then return -1 end
  local total, slots = 0, {}
  local spent = redis.call('HGETALL', KEYS[i])
  for j = 1, #spent, 2 do
    local number, amount = tonumber(spent[j]), tonumber(spent[j + 1])
    if (number + 2) * slot + window <= now then
      redis.call('HDEL', KEYS[i], spent[j])
    else
      total = total + amount
      slots[#slots + 1] = {number, amount}
    end
  end
  table.sort(slots, function(a, b) return a[1] < b[1] end)
  for _, one in ipairs(slots) do
    if total + units <= ceiling then break end
    total = total - one[2]
    longest = math.max(longest, (one[1] + 2) * slot + window - now)
  end
end
if longest > 0 then return longest end
for i = 2, #KEYS do
  local at = (i - 2) * 4
  local window, slot = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
  redis.call('HINCRBY', KEYS[i], math.floor(now / slot), ARGV[at + 1])
  redis.call('PEXPIRE', KEYS[i], window + 3 * slot)
end
return 0
