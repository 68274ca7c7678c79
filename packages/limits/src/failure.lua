-- One failure of a subject. The same arithmetic as failures.ts.
-- KEYS[1]: its time, taken, until (all in ms). ARGV: now (ms), skew (ms), failures that are too many, length of a block (ms).
-- Returns for how long it was kept out already (ms; then nothing is counted), and for how long it is now.
local now, skew = tonumber(ARGV[1]), tonumber(ARGV[2])
local failures_max, block = tonumber(ARGV[3]), tonumber(ARGV[4])
local last, taken, blocked_until = now, 0, 0
local stored = redis.call('GET', KEYS[1])
if stored then last, taken, blocked_until = struct.unpack('<ddd', stored) end

local function keep()
  redis.call('SET', KEYS[1], struct.pack('<ddd', last, taken, blocked_until), 'PX', string.format('%.0f', block + skew + 60000))
end

if last - now > skew then
  last = now
  blocked_until = math.min(blocked_until, now + block)
  keep()
end
local t = math.max(now, last)
local left = math.min(blocked_until - t, block)
if left > 0 then return { left + t - now, left + t - now } end

taken = math.max(0, taken - (t - last) * failures_max) + block
local full = taken > (failures_max - 1) * block
last, taken, blocked_until = t, full and 0 or taken, full and t + block or 0
keep()
return { 0, full and block + t - now or 0 }
