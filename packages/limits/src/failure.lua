-- One failure of a subject. The same arithmetic as failures.ts.
-- KEYS[1]: its time, how many failures count, until (in ms), and the times of those failures, oldest first.
-- ARGV: now (ms), skew (ms), failures that are too many, the span within which they are (ms), length of a block (ms).
-- Returns for how long it was kept out already (ms; then nothing is counted), and for how long it is now.
local now, skew = tonumber(ARGV[1]), tonumber(ARGV[2])
local failures_max, span, block = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local last, times, blocked_until = now, {}, 0
local stored = redis.call('GET', KEYS[1])
if stored then
  local count
  last, count, blocked_until = struct.unpack('<ddd', stored)
  for index = 1, count do times[index] = struct.unpack('<d', stored, 8 * index + 17) end
end

local function keep()
  local packed = { struct.pack('<ddd', last, #times, blocked_until) }
  for index, time in ipairs(times) do packed[index + 1] = struct.pack('<d', time) end
  redis.call('SET', KEYS[1], table.concat(packed), 'PX', string.format('%.0f', math.max(block, span) + skew + 60000))
end

if last - now > skew then
  last = now
  for index, time in ipairs(times) do times[index] = math.min(time, now) end
  blocked_until = math.min(blocked_until, now + block)
  keep()
end
local t = math.max(now, last)
local left = math.min(blocked_until - t, block)
if left > 0 then return { left + t - now, left + t - now } end

local counting = {}
for _, time in ipairs(times) do
  if t - time < span then counting[#counting + 1] = time end
end
counting[#counting + 1] = t
local full = #counting >= failures_max
last, times, blocked_until = t, full and {} or counting, full and t + block or 0
keep()
return { 0, full and block + t - now or 0 }
