-- One failure of a subject. The same arithmetic as failures.ts.
-- KEYS[1]: hash of t, taken, until (all in ms). ARGV: now (ms), skew (ms), failures that are too many, length of a block (ms).
-- Returns for how long it was kept out already (ms; then nothing is counted), and for how long it is now.
local now, skew = tonumber(ARGV[1]), tonumber(ARGV[2])
local failures_max, block = tonumber(ARGV[3]), tonumber(ARGV[4])
local function whole(number)
  return string.format('%.0f', number)
end
local stored = redis.call('HMGET', KEYS[1], 't', 'taken', 'until')
local last, taken, blocked_until = tonumber(stored[1] or now), tonumber(stored[2] or 0), tonumber(stored[3] or 0)
if last - now > skew then
  last = now
  blocked_until = math.min(blocked_until, now + block)
  redis.call('HSET', KEYS[1], 't', whole(last), 'until', whole(blocked_until))
end
local t = math.max(now, last)

local left = math.min(blocked_until - t, block)
if left > 0 then return { left + t - now, left + t - now } end

taken = math.max(0, taken - (t - last) * failures_max) + block
local full = taken > (failures_max - 1) * block
redis.call('HSET', KEYS[1], 't', whole(t), 'taken', whole(full and 0 or taken), 'until', whole(full and t + block or 0))
redis.call('PEXPIRE', KEYS[1], whole(block + skew + 60000))
return { 0, full and block + t - now or 0 }
