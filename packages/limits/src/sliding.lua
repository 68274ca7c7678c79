-- A batch of decisions, each over a few subjects, all or nothing, in order of arrival. The same arithmetic as sliding.ts.
-- ARGV: one JSON array of skew (µs), slots, prefix, the sets of rules, and one flat list of the requests;
--   a set is the length of a generation (ms), that of a block (ms; 0: none), the form of its state and a list of rules, each of them
--   whether it is a window, then count, units of a call, burst or, of a window, count_max and slot length (µs);
--   a request is now (µs) and its number of subjects, then for each of these its name and the number of its set.
-- Returns for each request the longest wait (µs; 0: admitted and counted), the subject and the rule that want it (rule 0: the block),
--   and for each window of each subject the calls that count; at the end when this Redis began to count (µs). Another time than before
--   tells that it has forgotten: it was emptied, or is another Redis.
--
-- What is counted lies in one hash a generation, by the clock of Redis: what was counted in the last one is found there and goes on in
-- this one; the one before goes as a whole. So a batch reads and writes in a few commands, whatever its size.
--   state: time of the last call (µs), then by rule, bucket: taken units; window: calls, newest slot, calls in it, number of older
--   slots; then these with their calls, oldest first.
-- <prefix>failed:<subject> is what failure.lua keeps.
local asked = cjson.decode(ARGV[1])
local skew, slots, prefix, sets, requests = asked[1], asked[2], asked[3], asked[4], asked[5]
local epoch_key = prefix .. 'epoch'
local epoch = redis.call('GET', epoch_key)
if not epoch then
  local time = redis.call('TIME')
  epoch = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', epoch_key, epoch)
end
local pack, parse, floor, sub = struct.pack, struct.unpack, math.floor, string.sub
local PAIR = 12

-- Of a rule: 1 whether it is a window, 2 to 4 its numbers, 5 the place of its first number in a state, 6 and 7 those of the text of
-- its older slots and of where they begin in it.
for number = 1, #sets do
  local given = sets[number]
  local set, place = given[4], 2
  set.length, set.block, set.form = given[1], given[2], given[3]
  for index = 1, #set do
    set[index][5] = place
    place = place + (set[index][1] and 4 or 1)
  end
  set.numbers = place - 1
  for index = 1, #set do
    set[index][6], set[index][7] = place, place + 1
    place = place + 2
  end
  sets[number] = set
end

-- Everything that is asked about.
local wanted, failed_keys = {}, {}
local at, size = 1, #requests
while at < size do
  local last = at + 2 * requests[at + 1]
  for place = at + 2, last, 2 do
    local name, set = requests[place], sets[requests[place + 1]]
    local names = wanted[set.length]
    if not names then
      names = {}
      wanted[set.length] = names
    end
    names[#names + 1] = name
    if set.block > 0 then failed_keys[#failed_keys + 1] = prefix .. 'failed:' .. name end
  end
  at = last + 2
end

local redis_ms = redis.call('TIME')[1] * 1000
local function generation(length, back)
  return prefix .. length .. ':' .. string.format('%.0f', floor(redis_ms / length) - back)
end

local stored = {}
for length, names in pairs(wanted) do
  local missing = {}
  for index, text in ipairs(redis.call('HMGET', generation(length, 0), unpack(names))) do
    if text then stored[names[index]] = text else missing[#missing + 1] = names[index] end
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
local function load(name, set)
  local state = states[name]
  if state ~= nil then return state end
  local text = stored[name]
  state = text and { parse(set.form, text) } or false
  if state then
    local start = state[set.numbers + 1]
    for index = 1, #set do
      local rule = set[index]
      if rule[1] then
        local stop = start + state[rule[5] + 3] * PAIR
        state[rule[6]], state[rule[7]] = sub(text, start, stop - 1), 1
        start = stop
      end
    end
  end
  states[name] = state
  return state
end

-- The time that holds: never behind what was counted; a clock that was set back begins anew from there.
local function time_of(state, set, name, now)
  local last = state[1]
  if last - now > skew then
    state[1], last = now, now
    for index = 1, #set do
      local rule = set[index]
      if rule[1] then
        local place = rule[5]
        state[place + 1], state[place + 2], state[rule[6]], state[rule[7]] = floor(now / rule[3]), state[place], '', 1
      end
    end
    dirty[name] = set
  end
  return now > last and now or last
end

-- Where what counts begins, and how many calls that are.
local function live(state, rule, oldest)
  local older, start, place = state[rule[6]], state[rule[7]], rule[5]
  local sum, size = state[place], #older
  while start < size do
    local slot, calls = parse('<dI4', older, start)
    if slot >= oldest then return start, sum end
    sum, start = sum - calls, start + PAIR
  end
  if state[place + 1] < oldest then return start, sum - state[place + 2] end
  return start, sum
end

local function window_wait(state, rule, t)
  local place = rule[5]
  if state[place] < rule[2] then return 0 end
  local length = rule[3]
  local start, sum = live(state, rule, floor(t / length) - slots)
  local surplus = sum + 1 - rule[2]
  if surplus <= 0 then return 0 end
  local older = state[rule[6]]
  while start < #older do
    local slot, calls = parse('<dI4', older, start)
    surplus, start = surplus - calls, start + PAIR
    if surplus <= 0 then return (slot + slots + 1) * length - t end
  end
  if surplus <= state[place + 2] then return (state[place + 1] + slots + 1) * length - t end
  return (slots + 1) * length
end

local function bucket_wait(state, rule, t)
  local taken = state[rule[5]] - (t - state[1]) * rule[2]
  local over = (taken > 0 and taken or 0) + rule[3] - rule[4] * rule[3]
  return over > 0 and math.ceil(over / rule[2]) or 0
end

local function count_in_window(state, rule, t)
  local place, newest = rule[5], floor(t / rule[3])
  local start, sum = live(state, rule, newest - slots)
  if state[place + 1] < newest - slots then state[place + 2] = 0 end
  if state[place + 1] == newest then
    state[place + 2] = state[place + 2] + 1
  else
    if state[place + 2] > 0 then
      state[rule[6]] = sub(state[rule[6]], start) .. pack('<dI4', state[place + 1], state[place + 2])
      start = 1
    end
    state[place + 1], state[place + 2] = newest, 1
  end
  state[place], state[rule[7]] = sum + 1, start
end

local function fresh(set, now)
  local state = { now }
  for index = 1, #set do
    local rule = set[index]
    local place = rule[5]
    state[place] = 0
    if rule[1] then
      state[place + 1], state[place + 2], state[place + 3], state[rule[6]], state[rule[7]] = floor(now / rule[3]), 0, 0, '', 1
    end
  end
  return state
end

local function count(name, set, now)
  local state = states[name]
  if not state then
    state = fresh(set, now)
    states[name] = state
  end
  local t = time_of(state, set, name, now)
  for index = 1, #set do
    local rule = set[index]
    if rule[1] then
      count_in_window(state, rule, t)
    else
      local taken = state[rule[5]] - (t - state[1]) * rule[2]
      state[rule[5]] = (taken > 0 and taken or 0) + rule[3]
    end
  end
  state[1] = t
  dirty[name] = set
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

local result, written = {}, 0
at = 1
while at < size do
  local now, last = requests[at], at + 2 * requests[at + 1]
  local longest, blamed_subject, blamed_rule = 0, 0, 0
  for place = at + 2, last, 2 do
    local name, set = requests[place], sets[requests[place + 1]]
    local state = load(name, set)
    if state then
      local t = time_of(state, set, name, now)
      for index = 1, #set do
        local rule = set[index]
        local wait = (rule[1] and window_wait or bucket_wait)(state, rule, t)
        if wait > 0 and wait + t - now > longest then longest, blamed_subject, blamed_rule = wait + t - now, (place - at) / 2, index end
      end
    end
    if set.block > 0 then
      local wait = blocked_for(name, set.block, now)
      if wait > longest then longest, blamed_subject, blamed_rule = wait, (place - at) / 2, 0 end
    end
  end
  result[written + 1], result[written + 2], result[written + 3] = longest, blamed_subject, blamed_rule
  written = written + 3
  for place = at + 2, last, 2 do
    local name, set = requests[place], sets[requests[place + 1]]
    if longest == 0 then count(name, set, now) end
    local state = states[name]
    for index = 1, #set do
      if set[index][1] then
        written = written + 1
        result[written] = state and state[set[index][5]] or 0
      end
    end
  end
  at = last + 2
end

local writes = {}
for name, set in pairs(dirty) do
  local values, state, older = writes[set.length], states[name], ''
  if not values then
    values = {}
    writes[set.length] = values
  end
  for index = 1, #set do
    local rule = set[index]
    if rule[1] then
      local text = sub(state[rule[6]], state[rule[7]])
      state[rule[5] + 3], older = #text / PAIR, older .. text
    end
  end
  local place = #values
  values[place + 1], values[place + 2] = name, pack(set.form, unpack(state, 1, set.numbers)) .. older
end
for length, values in pairs(writes) do
  local key = generation(length, 0)
  if redis.call('HSET', key, unpack(values)) * 2 == #values and redis.call('PTTL', key) < 0 then
    redis.call('PEXPIRE', key, length * 3)
    redis.call('UNLINK', generation(length, 2))
  end
end
result[written + 1] = tonumber(epoch)
return result
