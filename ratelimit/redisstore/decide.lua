-- Decides about the limits of one request, in order, up to the first that refuses.
--
-- KEYS     one for each limit, all of one hash slot.
-- ARGV[1]  the time in microseconds since 1970; "" for the server's own, which is what is used
--          outside of tests: the clocks of the nodes do not count.
-- then for each key:
--   kind     "w" a strict window, "b" a token bucket
--   quota    permits
--   span     of a window, its length in microseconds; of a bucket, the time between two
--            permits in sixteenths of a microsecond
--   cost     permits that must be granted, all or none; 0 looks
--   want     permits to grant if there are as many, not below cost: what is above cost is
--            a lease, to be spent within the next `ahead` microseconds
--   part     a lease takes at most this part of what is left: 4 is a quarter
--   ahead    how long a lease may be spent
--   back     permits of an earlier lease that were not spent, and
--   lent     the time that lease was noted with
--   birth    the birth of the state that the caller saw last, 0 for none
--   own      what the caller itself has taken that still counts, if the state was lost
--   owed     what the caller has admitted without asking
--
-- The answer has six integers for each key that was looked at: granted (-1 when refused),
-- remaining, reset and retry in microseconds, the time a lease was noted with, and the
-- birth of the state. Nothing is written when nothing changes.
--
-- A lease counts as if it was spent at the last moment at which it may be. So the promises
-- of a limit hold whenever it is spent.
local TICKS = 16
local FIELDS = 12
local PRECISION = 12

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

-- Times are microseconds since the begin of 2025: so the sixteenths of one are whole
-- numbers, as Lua has them, until 2042.
local EPOCH = 1735689600
local now
if ARGV[1] == '' then
  local t = redis.call('TIME')
  now = (t[1] - EPOCH) * 1000000 + t[2]
else
  now = tonumber(ARGV[1]) - EPOCH * 1000000
end

-- A window is a log of batches, oldest first, each the time of its last permit and how
-- many there are, at most quota/PRECISION. A batch counts until the last of it ends.

local function sum(s)
  local used = 0
  for i = 4, #s, 2 do used = used + s[i] end
  return used
end

local function add(s, at, count, batch)
  while count > 0 do
    local n = #s
    if n < 4 or s[n] >= batch then
      s[n + 1], s[n + 2] = n < 4 and at or s[n - 1], 0
      n = n + 2
    end
    local k = min(count, batch - s[n])
    count = count - k
    s[n] = s[n] + k
    s[n - 1] = max(s[n - 1], at)
  end
end

-- giveBack takes permits out of the last batch that was last added to with the lease, or
-- else of the first after that, and then of older ones. What stays counts no shorter than
-- what was really spent: a batch after the first that could hold the lease may be another's.
local function giveBack(s, lent, count, t, span)
  if count <= 0 or lent + span <= t then return false end
  local i = 3
  while i < #s and s[i] < lent do i = i + 2 end
  if i > #s then return false end
  while s[i] == lent and s[i + 2] == lent do i = i + 2 end
  while i >= 3 and count > 0 do
    local k = min(count, s[i + 1])
    s[i + 1], count = s[i + 1] - k, count - k
    if s[i + 1] == 0 then
      table.remove(s, i); table.remove(s, i)
    end
    i = i - 2
  end
  return true
end

-- compact merges neighbours that fit into one batch.
local function compact(s, batch)
  local i = 3
  while i + 2 <= #s do
    if s[i + 1] + s[i + 3] <= batch then
      s[i + 3] = s[i + 1] + s[i + 3]
      table.remove(s, i); table.remove(s, i)
    else
      i = i + 2
    end
  end
end

local function window(s, t, a)
  local quota, span = a.quota, a.span
  local batch = ceil(quota / PRECISION)
  local first = 3
  while first < #s and s[first] + span <= t do first = first + 2 end
  if first > 3 then
    local kept = { s[1], s[2] }
    for i = first, #s do kept[#kept + 1] = s[i] end
    s = kept
  end
  local changed = giveBack(s, a.lent, a.back, t, span)
  if changed then compact(s, batch) end
  if a.owed > 0 then
    add(s, t, a.owed, batch)
    changed = true
  end
  local used = sum(s)
  local left = max(quota - used, 0)
  local granted, retry, noted = -1, 0, t
  if a.cost <= left then
    granted = a.cost
    if a.want > a.cost then
      granted = max(a.cost, min(a.want, floor(left / a.part)))
    end
    if granted > a.cost then noted = t + a.ahead end
    if granted > 0 then
      add(s, noted, granted, batch)
      changed = true
    end
    left, used = left - granted, used + granted
  else
    local need = used + a.cost - quota
    local i = 3
    while i < #s and need > s[i + 1] do
      need = need - s[i + 1]
      i = i + 2
    end
    retry = s[i] + span - t
  end
  local reset, idle = 0, t
  if #s > 2 then
    reset, idle = s[3] + span - t, s[#s - 1] + span
  end
  return s, changed, idle, granted, left, reset, retry, noted
end

-- A bucket is the time at which it is full again.
local function bucket(s, t, a)
  local every, full = a.span, a.quota * a.span
  local at = t * TICKS
  local tat = s[3] or at
  local changed = false
  local out = a.back * every - max(0, t - a.lent) * TICKS
  if out > 0 then
    tat = tat - out
    changed = true
  end
  tat = max(tat, at)
  if a.owed > 0 then
    tat = min(tat + a.owed * every, at + full)
    changed = true
  end
  local granted, retry, noted = -1, 0, t
  local room = at + full - tat
  if a.cost * every <= room then
    granted = a.cost
    if a.want > a.cost then
      local lease = max(tat, at + a.ahead * TICKS)
      granted = max(a.cost, min(a.want, floor((at + full - lease) / every / a.part)))
      if granted > a.cost then
        tat, noted = lease, t + a.ahead
      end
    end
    if granted > 0 then
      tat = tat + granted * every
      changed = true
    end
  else
    retry = ceil((a.cost * every - room) / TICKS)
  end
  local debt, reset = tat - at, 0
  if debt > 0 then reset = ceil(((debt - 1) % every + 1) / TICKS) end
  return { s[1], s[2], tat }, changed, ceil(tat / TICKS), granted, max(0, floor((full - debt) / every)), reset, retry, noted
end

local answer = {}
for k = 1, #KEYS do
  local f = 1 + (k - 1) * FIELDS
  local a = {
    quota = tonumber(ARGV[f + 2]), span = tonumber(ARGV[f + 3]), cost = tonumber(ARGV[f + 4]), want = tonumber(ARGV[f + 5]),
    part = tonumber(ARGV[f + 6]), ahead = tonumber(ARGV[f + 7]), back = tonumber(ARGV[f + 8]), lent = tonumber(ARGV[f + 9]),
    owed = tonumber(ARGV[f + 12]),
  }
  local birth, own = tonumber(ARGV[f + 10]), tonumber(ARGV[f + 11])
  local raw = redis.call('GET', KEYS[k])
  local s = raw and cmsgpack.unpack(raw) or { now, now }
  local t = max(now, s[2])
  if birth ~= s[1] then
    a.back = 0
    a.owed = max(a.owed, own)
  end
  local changed, idle, granted, left, reset, retry, noted
  if ARGV[f + 1] == 'w' then
    s, changed, idle, granted, left, reset, retry, noted = window(s, t, a)
  else
    s, changed, idle, granted, left, reset, retry, noted = bucket(s, t, a)
  end
  if changed then
    s[2] = t
    redis.call('SET', KEYS[k], cmsgpack.pack(s), 'PX', max(1, ceil((idle - t) / 1000)))
  end
  local n = #answer
  answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5], answer[n + 6] = granted, left, reset, retry, noted, s[1]
  if granted < 0 then break end
end
return answer
