-- Keep a snapshot and the one before it. KEYS: actor hash, snapshots hash. ARGV: epoch, step, checksum and data.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local steps = {}
for _, step in ipairs(redis.call('HKEYS', KEYS[2])) do steps[#steps + 1] = tonumber(step) end
table.sort(steps)
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
while #steps > 1 do
  local oldest = table.remove(steps, 1)
  if oldest ~= tonumber(ARGV[2]) then redis.call('HDEL', KEYS[2], string.format('%d', oldest)) end
end
return 1
