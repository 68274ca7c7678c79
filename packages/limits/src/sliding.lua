-- A batch of decisions, each over a few subjects, all or nothing, in order of arrival. The same arithmetic as sliding.ts.
-- ARGV: skew (µs), slots, prefix, number of sets of rules, number of requests;
--   for each set the length of a block (ms; 0: none) and its number of rules, for each of these 'b' or 'w', its key, the length of a
--   generation (ms), then count, units of a call, burst of a bucket or count_max, slot length (µs), 0 of a window;
--   for each request now (µs) and its number of subjects, for each of these its name and the number of its set.
-- Returns for each request the longest wait (µs; 0: admitted and counted), the subject and the rule that want it (rule 0: the block),
--   and for each window of each subject the calls that count.
--
-- What is counted lies in one hash a generation, by the clock of Redis: what was counted in the last one is found there and goes on in
-- this one; the one before goes as a whole. So a batch reads and writes in a few commands, whatever its size.
--   bucket: time of the last call (µs), taken units
--   window: time of the last call (µs), calls, newest slot, calls in it; then the older slots with theirs, oldest first
-- <prefix>failed:<subject> is what failure.lua keeps.
local skew, slots, prefix = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local sets_count, requests_count = tonumber(ARGV[4]), tonumber(ARGV[5])
local pack, parse, floor = struct.pack, struct.unpack, math.floor
local PAIR = 12

local at = 6
local sets = {}
for number = 1, sets_count do
  local set = { block = tonumber(ARGV[at]) }
  local rules_count = tonumber(ARGV[at + 1])
  at = at + 2
  for rule = 1, rules_count do
    set[rule] = { ARGV[at] == 'w', '/' .. ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]) }
    at = at + 6
  end
  sets[number] = set
end

-- Everything that is asked about, once.
local wanted, failed_keys, seen = {}, {}, {}
local requests = {}
for number = 1, requests_count do
  local subjects_count = tonumber(ARGV[at + 1])
  local request = { tonumber(ARGV[at]) }
  at = at + 2
  for subject = 1, subjects_count do
    local name, set = ARGV[at], sets[tonumber(ARGV[at + 1])]
    at = at + 2
    local asked = { name, set }
    for index = 1, #set do
      local rule = set[index]
      local field = name .. rule[2]
      asked[index + 2] = field
      if not seen[field] then
        seen[field] = true
        local fields = wanted[rule[3]]
        if not fields then
          fields = {}
          wanted[rule[3]] = fields
        end
        fields[#fields + 1] = field
      end
    end
    if set.block > 0 then failed_keys[#failed_keys + 1] = prefix .. 'failed:' .. name end
    request[subject + 1] = asked
  end
  requests[number] = request
end

local time = redis.call('TIME')
local redis_ms = time[1] * 1000
local function generation(length, back)
  return prefix .. length .. ':' .. string.format('%.0f', floor(redis_ms / length) - back)
end

local stored = {}
for length, fields in pairs(wanted) do
  local missing = {}
  for index, text in ipairs(redis.call('HMGET', generation(length, 0), unpack(fields))) do
    if text then stored[fields[index]] = text else missing[#missing + 1] = fields[index] end
  end
  if #missing > 0 then
    for index, text in ipairs(redis.call('HMGET', generation(length, 1), unpack(missing))) do
      if text then stored[missing[index]] = text end
    end
  end
end
local failed = {}
if #failed_keys > 0 then
  for index, text in ipairs(redis.call('MGET', unpack(failed_keys))) do
    if text then failed[failed_keys[index]] = text end
  end
end

local states, dirty = {}, {}
local function load(field, windowed)
  local state = states[field]
  if state == nil then
    local text = stored[field]
    if not text then
      state = false
    elseif windowed then
      local t, sum, slot, calls = parse('<dI4dI4', text)
      state = { t, sum, slot, calls, text, 25 }
    else
      local t, taken = parse('<dd', text)
      state = { t, taken }
    end
    states[field] = state
  end
  return state
end

-- The time that holds: never behind what was counted; a clock that was set back begins anew from there.
local function time_of(state, rule, field, now)
  if state[1] - now > skew then
    state[1] = now
    if rule[1] then state[3], state[4], state[5], state[6] = floor(now / rule[5]), state[2], '', 1 end
    dirty[field] = rule
  end
  local last = state[1]
  return now > last and now or last
end

-- Where what counts begins, and how many calls that are.
local function live(window, oldest)
  local text, place, sum = window[5], window[6], window[2]
  local size = #text
  while place < size do
    local slot, calls = parse('<dI4', text, place)
    if slot >= oldest then return place, sum end
    sum, place = sum - calls, place + PAIR
  end
  if window[3] < oldest then return place, sum - window[4] end
  return place, sum
end

local function window_wait(window, rule, t)
  if window[2] < rule[4] then return 0 end
  local length = rule[5]
  local oldest = floor(t / length) - slots
  local place, sum = live(window, oldest)
  local surplus = sum + 1 - rule[4]
  if surplus <= 0 then return 0 end
  local text = window[5]
  while place < #text do
    local slot, calls = parse('<dI4', text, place)
    surplus, place = surplus - calls, place + PAIR
    if surplus <= 0 then return (slot + slots + 1) * length - t end
  end
  if surplus <= window[4] then return (window[3] + slots + 1) * length - t end
  return (slots + 1) * length
end

local function bucket_wait(bucket, rule, t)
  local taken = bucket[2] - (t - bucket[1]) * rule[4]
  local over = (taken > 0 and taken or 0) + rule[5] - rule[6] * rule[5]
  return over > 0 and math.ceil(over / rule[4]) or 0
end

local function count_in_window(field, rule, now)
  local length = rule[5]
  local window = states[field]
  if not window then
    states[field] = { now, 1, floor(now / length), 1, '', 1 }
    return
  end
  local t = time_of(window, rule, field, now)
  local newest = floor(t / length)
  local place, sum = live(window, newest - slots)
  if window[3] < newest - slots then window[4] = 0 end
  if window[3] == newest then
    window[4] = window[4] + 1
  else
    if window[4] > 0 then
      window[5], place = string.sub(window[5], place) .. pack('<dI4', window[3], window[4]), 1
    end
    window[3], window[4] = newest, 1
  end
  window[1], window[2], window[6] = t, sum + 1, place
end

local function count_in_bucket(field, rule, now)
  local bucket = states[field]
  if not bucket then
    states[field] = { now, rule[5] }
    return
  end
  local t = time_of(bucket, rule, field, now)
  local taken = bucket[2] - (t - bucket[1]) * rule[4]
  bucket[1], bucket[2] = t, (taken > 0 and taken or 0) + rule[5]
end

-- How long failures keep a subject out (µs).
local function blocked_for(name, block, now)
  local key = prefix .. 'failed:' .. name
  local text = failed[key]
  if not text then return 0 end
  local last, taken, blocked_until = parse('<ddd', text)
  if blocked_until == 0 then return 0 end
  now = floor(now / 1000)
  if last - now > skew / 1000 then
    last = now
    blocked_until = math.min(blocked_until, now + block)
    failed[key] = pack('<ddd', last, taken, blocked_until)
    redis.call('SET', key, failed[key], 'KEEPTTL')
  end
  local t = math.max(now, last)
  local left = math.min(blocked_until - t, block)
  return left > 0 and (left + t - now) * 1000 or 0
end

local result, size = {}, 0
for number = 1, requests_count do
  local request = requests[number]
  local now = request[1]
  local longest, blamed_subject, blamed_rule = 0, 0, 0
  for subject = 2, #request do
    local asked = request[subject]
    local set = asked[2]
    for index = 1, #set do
      local rule, field = set[index], asked[index + 2]
      local state = load(field, rule[1])
      if state then
        local t = time_of(state, rule, field, now)
        local wait = rule[1] and window_wait(state, rule, t) or not rule[1] and bucket_wait(state, rule, t) or 0
        if wait > 0 and wait + t - now > longest then longest, blamed_subject, blamed_rule = wait + t - now, subject - 1, index end
      end
    end
    if set.block > 0 then
      local wait = blocked_for(asked[1], set.block, now)
      if wait > longest then longest, blamed_subject, blamed_rule = wait, subject - 1, 0 end
    end
  end
  result[size + 1], result[size + 2], result[size + 3] = longest, blamed_subject, blamed_rule
  size = size + 3
  for subject = 2, #request do
    local asked = request[subject]
    local set = asked[2]
    for index = 1, #set do
      local rule, field = set[index], asked[index + 2]
      if longest == 0 then
        if rule[1] then count_in_window(field, rule, now) else count_in_bucket(field, rule, now) end
        dirty[field] = rule
      end
      if rule[1] then
        size = size + 1
        result[size] = states[field] and states[field][2] or 0
      end
    end
  end
end

local writes = {}
for field, rule in pairs(dirty) do
  local values = writes[rule[3]]
  if not values then
    values = {}
    writes[rule[3]] = values
  end
  local state, place = states[field], #values
  values[place + 1] = field
  if rule[1] then
    values[place + 2] = pack('<dI4dI4', state[1], state[2], state[3], state[4]) .. string.sub(state[5], state[6])
  else
    values[place + 2] = pack('<dd', state[1], state[2])
  end
end
for length, values in pairs(writes) do
  local key = generation(length, 0)
  if redis.call('HSET', key, unpack(values)) * 2 == #values and redis.call('PTTL', key) < 0 then
    redis.call('PEXPIRE', key, length * 3)
    redis.call('UNLINK', generation(length, 2))
  end
end
return result
