-- A batch of decisions, each over a few subjects, all or nothing, in order of arrival. The same arithmetic as sliding.ts.
-- KEYS: for each subject of each request its state; its ring and its failures lie beside it.
--   state: msgpack of { t = its time (µs), <bucket> = taken units, <window> = { newest slot, calls that count, calls in the newest slot } }
--   <state>:ring: hash of the older slots, `<window>:<slot modulo slots + 1>` = calls
--   <state>:failures: what failure.lua keeps
-- ARGV: slots, skew (µs), number of sets of rules, number of requests; the sets as JSON: { ttl = (ms), rules = [["b", name, count,
--   units of a call, burst] or ["w", name, count_max, slot length (µs)], ...], block = its length (ms) or 0 }; for each request now (µs),
--   its number of subjects, and for each of these the number of its set.
-- Returns for each request the longest wait (µs; 0: admitted and counted), the subject and the rule that want it (rule 0: the block),
--   and for each window of each subject the calls that count.
local slots, skew = tonumber(ARGV[1]), tonumber(ARGV[2])
local ring_size = slots + 1
local states, ttls, sets = {}, {}, {}
local result = {}
local sets_count, requests = tonumber(ARGV[3]), tonumber(ARGV[4])
for number = 1, sets_count do sets[number] = cjson.decode(ARGV[4 + number]) end

local function field(name, slot)
  return name .. ':' .. slot % ring_size
end

local function load(key)
  local state = states[key]
  if state == nil then
    local stored = redis.call('GET', key)
    state = stored and cmsgpack.unpack(stored) or false
    states[key] = state
  end
  return state
end

-- Forgets the slots that have gone by: those of the ring that `newest` and the ones before it now fall on.
local function advance(window, ring, name, newest, ttl)
  local marked, sum, current = window[1], window[2], window[3]
  if sum > current then
    local gone = {}
    for step = 1, math.min(newest - marked, ring_size) do gone[step] = field(name, marked + step) end
    for _, calls in ipairs(redis.call('HMGET', ring, unpack(gone))) do
      if calls then sum = sum - tonumber(calls) end
    end
    redis.call('HDEL', ring, unpack(gone))
  end
  if newest - marked > slots then
    sum = sum - current
  elseif current > 0 then
    redis.call('HSET', ring, field(name, marked), current)
    redis.call('PEXPIRE', ring, ttl)
  end
  window[1], window[2], window[3] = newest, sum, 0
end

-- Brings a subject to its time; returns that.
local function bring(state, ring, rules, now, ttl)
  local last = state.t
  local t = now
  local rewound = last - now > skew
  if rewound then
    last = now
  elseif last > now then
    t = last
  end
  for _, rule in ipairs(rules) do
    local name = rule[2]
    local known = state[name]
    if known and rule[1] == 'b' then
      local taken = known - (t - last) * rule[3]
      state[name] = taken > 0 and taken or 0
    elseif known then
      local newest = math.floor(t / rule[4])
      if rewound then
        local all = {}
        for slot = 0, slots do all[slot + 1] = field(name, slot) end
        redis.call('HDEL', ring, unpack(all))
        known[1], known[3] = newest, known[2]
      elseif newest > known[1] then
        advance(known, ring, name, newest, ttl)
      end
    end
  end
  state.t = t
  return t
end

-- From t until the window lets one more call pass.
local function window_wait(window, ring, rule, t)
  local surplus = window[2] + 1 - rule[3]
  if surplus <= 0 then return 0 end
  local name, newest, length = rule[2], window[1], rule[4]
  if window[2] > window[3] then
    local older = {}
    for slot = newest - slots, newest - 1 do older[#older + 1] = field(name, slot) end
    for index, calls in ipairs(redis.call('HMGET', ring, unpack(older))) do
      surplus = surplus - (calls and tonumber(calls) or 0)
      if surplus <= 0 then return (newest + index) * length - t end
    end
  end
  if surplus <= window[3] then return (newest + ring_size) * length - t end
  return ring_size * length
end

local function wait_for(state, ring, rule, t)
  local known = state[rule[2]]
  if not known then return 0 end
  if rule[1] == 'w' then return window_wait(known, ring, rule, t) end
  local over = known + rule[4] - rule[5] * rule[4]
  return over > 0 and math.ceil(over / rule[3]) or 0
end

local function count(state, rules, t)
  for _, rule in ipairs(rules) do
    local name, known = rule[2], state[rule[2]]
    if rule[1] == 'b' then
      state[name] = (known or 0) + rule[4]
    elseif known then
      known[2], known[3] = known[2] + 1, known[3] + 1
    else
      state[name] = { math.floor(t / rule[4]), 1, 1 }
    end
  end
end

-- How long failures keep a subject out (µs).
local function blocked_for(name, block, now)
  local key = name .. ':failures'
  local stored = redis.call('HMGET', key, 't', 'until')
  if not stored[2] or stored[2] == '0' then return 0 end
  local last, blocked_until = tonumber(stored[1]), tonumber(stored[2])
  now = math.floor(now / 1000)
  if last - now > skew / 1000 then
    last = now
    blocked_until = math.min(blocked_until, now + block)
    redis.call('HSET', key, 't', string.format('%.0f', last), 'until', string.format('%.0f', blocked_until))
  end
  local t = math.max(now, last)
  local left = math.min(blocked_until - t, block)
  return left > 0 and (left + t - now) * 1000 or 0
end

local key, at = 0, 5 + sets_count
for _ = 1, requests do
  local now, subjects = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 1
  local longest, blamed_subject, blamed_rule = 0, 0, 0
  local time_of = {}
  for subject = 1, subjects do
    local name, set = KEYS[key + subject], sets[tonumber(ARGV[at + subject])]
    local state, t = load(name), now
    if state then
      ttls[name] = set.ttl
      local ring = name .. ':ring'
      t = bring(state, ring, set.rules, now, set.ttl)
      for number, rule in ipairs(set.rules) do
        local wait = wait_for(state, ring, rule, t)
        if wait > 0 and wait + t - now > longest then longest, blamed_subject, blamed_rule = wait + t - now, subject, number end
      end
    end
    if set.block > 0 then
      local wait = blocked_for(name, set.block, now)
      if wait > longest then longest, blamed_subject, blamed_rule = wait, subject, 0 end
    end
    time_of[subject] = t
  end
  result[#result + 1] = longest
  result[#result + 1] = blamed_subject
  result[#result + 1] = blamed_rule
  for subject = 1, subjects do
    local name, set = KEYS[key + subject], sets[tonumber(ARGV[at + subject])]
    if longest == 0 then
      if not states[name] then
        states[name], ttls[name] = { t = now }, set.ttl
      end
      count(states[name], set.rules, time_of[subject])
    end
    local state = states[name]
    for _, rule in ipairs(set.rules) do
      if rule[1] == 'w' then result[#result + 1] = state and state[rule[2]] and state[rule[2]][2] or 0 end
    end
  end
  key = key + subjects
  at = at + subjects + 1
end

for name, state in pairs(states) do
  if state then redis.call('SET', name, cmsgpack.pack(state), 'PX', ttls[name]) end
end
return result
