-- A batch of decisions, each over one or two subjects, all or nothing, in order of arrival. The same arithmetic as sliding.ts.
-- KEYS: for each subject of each request its state and its ring.
--   state: msgpack of { t = its time (µs), <bucket> = taken units, <window> = { newest slot, calls that count, calls in the newest slot } }
--   ring: hash of the older slots, `<window>:<slot modulo slots + 1>` = calls
-- ARGV: slots, skew (µs), requests; for each request now (µs) and its number of subjects; for each of these its time to live (ms) and
--   its rules as JSON: ["b", name, count, units of a call, burst] or ["w", name, count_max, slot length (µs)].
-- Returns three numbers a request: the longest wait (µs; 0: admitted and counted), and the subject and rule that want it.
local slots, skew = tonumber(ARGV[1]), tonumber(ARGV[2])
local ring_size = slots + 1
local states, ttls, parsed = {}, {}, {}
local result = {}

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

local key, at = 1, 4
for _ = 1, tonumber(ARGV[3]) do
  local now, subjects = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local longest, blamed_subject, blamed_rule = 0, 0, 0
  local rules_of, time_of, ttl_of = {}, {}, {}
  for subject = 1, subjects do
    local name, ring, ttl, text = KEYS[key + subject * 2 - 2], KEYS[key + subject * 2 - 1], ARGV[at], ARGV[at + 1]
    at = at + 2
    local rules = parsed[text]
    if not rules then
      rules = cjson.decode(text)
      parsed[text] = rules
    end
    local state = load(name)
    local t = now
    if state then
      ttls[name] = ttl
      t = bring(state, ring, rules, now, ttl)
      for number, rule in ipairs(rules) do
        local wait = wait_for(state, ring, rule, t)
        if wait > 0 and wait + t - now > longest then longest, blamed_subject, blamed_rule = wait + t - now, subject, number end
      end
    end
    rules_of[subject], time_of[subject], ttl_of[subject] = rules, t, ttl
  end
  if longest == 0 then
    for subject = 1, subjects do
      local name = KEYS[key + subject * 2 - 2]
      if not states[name] then
        states[name], ttls[name] = { t = now }, ttl_of[subject]
      end
      count(states[name], rules_of[subject], time_of[subject])
    end
  end
  key = key + subjects * 2
  result[#result + 1] = longest
  result[#result + 1] = blamed_subject
  result[#result + 1] = blamed_rule
end

for name, state in pairs(states) do
  if state then redis.call('SET', name, cmsgpack.pack(state), 'PX', ttls[name]) end
end
return result
