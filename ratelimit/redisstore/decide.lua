-- Decides about the limits of one request, in order, up to the first that refuses.
--
-- KEYS     one for each limit, all of one hash slot.
-- ARGV[1]  the time in microseconds since 1970; "" for the server's own, which is what is used
--          outside of tests: the clocks of the nodes do not count.
-- ARGV[2…] what is asked of each key, twelve numbers in MessagePack, which is quicker to
--          read than as many arguments:
--   kind     0 a strict window, 1 a token bucket
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
--
-- The script runs from its first line for every decision. A function costs more to make
-- than the rest of a line, so what is rare is made where it is needed.
local TICKS = 16
local PRECISION = 12

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
local call, pack, unpacked = redis.call, cmsgpack.pack, cmsgpack.unpack

-- Times are microseconds since the begin of 2025: so the sixteenths of one are whole
-- numbers, as Lua has them, until 2042.
local EPOCH = 1735689600
local now = ARGV[1]
if now == '' then
  local t = call('TIME')
  now = (t[1] - EPOCH) * 1000000 + t[2]
else
  now = now - EPOCH * 1000000
end

local answer
for k = 1, #KEYS do
  local kind, quota, span, cost, want, part, ahead, back, lent, birth, own, owed = unpacked(ARGV[k + 1])
  local raw = call('GET', KEYS[k])
  -- The state: its birth, the latest time it saw, and then what the kind keeps: a window a
  -- list, in s, a bucket two times.
  local s, born, last, tat, upto
  if not raw then
    born, last = now, now
    if kind == 0 then s = { now, now } end
  elseif kind == 0 then
    s = { unpacked(raw) }
    born, last = s[1], s[2]
  else
    born, last, tat, upto = unpacked(raw)
  end
  local t = now
  if last > t then t = last end
  if birth ~= born then
    back = 0
    owed = max(owed, own)
  end
  local changed, granted, retry, reset, noted = false, -1, 0, 0, t
  local left, idle

  if kind == 0 then
    -- A window is a log of batches, oldest first, each the time of its last permit and how
    -- many there are, at most quota/PRECISION. A batch counts until the last of it ends.
    local batch = ceil(quota / PRECISION)
    local n = #s
    local first = 3
    while first < n and s[first] + span <= t do first = first + 2 end
    if first > 3 then
      local kept = { s[1], s[2] }
      for i = first, n do kept[i - first + 3] = s[i] end
      s, n = kept, n - first + 3
    end
    if back > 0 and lent + span > t then
      -- Permits are given back to the last batch that was last added to with the lease, or
      -- else to the first after that, and then to older ones. What stays counts no shorter
      -- than what was really spent: a batch after the first that could hold the lease may
      -- be another's.
      local i = 3
      while i < n and s[i] < lent do i = i + 2 end
      if i < n then
        while s[i] == lent and s[i + 2] == lent do i = i + 2 end
        while i >= 3 and back > 0 do
          local k = min(back, s[i + 1])
          s[i + 1], back = s[i + 1] - k, back - k
          if s[i + 1] == 0 then
            table.remove(s, i); table.remove(s, i)
          end
          i = i - 2
        end
        i = 3 -- neighbours that fit into one batch are one
        while i + 2 <= #s do
          if s[i + 1] + s[i + 3] <= batch then
            s[i + 3] = s[i + 1] + s[i + 3]
            table.remove(s, i); table.remove(s, i)
          else
            i = i + 2
          end
        end
        n, changed = #s, true
      end
    end
    local used = owed
    for i = 4, n, 2 do used = used + s[i] end
    left = max(quota - used, 0)
    if cost <= left then
      granted = cost
      if want > cost then granted = max(cost, min(want, floor(left / part))) end
      if granted > cost then noted = t + ahead end
      left = left - granted
    end
    -- What is owed is added as of now, what is granted as of when it is noted.
    local at, count = t, owed
    if count == 0 then at, count = noted, granted end
    while count > 0 do
      if n < 4 or s[n] >= batch then
        s[n + 1], s[n + 2] = n < 4 and at or s[n - 1], 0
        n = n + 2
      end
      local k = min(count, batch - s[n])
      count = count - k
      s[n] = s[n] + k
      if s[n - 1] < at then s[n - 1] = at end
      changed = true
      if count == 0 and owed > 0 then
        at, count, owed = noted, granted, 0
      end
    end
    if granted < 0 then
      local need = used + cost - quota
      local i = 3
      while i < n and need > s[i + 1] do
        need = need - s[i + 1]
        i = i + 2
      end
      retry = s[i] + span - t
    end
    if n > 2 then
      reset, idle = s[3] + span - t, s[n - 1] + span
    end
  else
    -- A bucket is the time at which it is full again, and the last moment of the leases so
    -- far. Up to that it was taken to run full already: what that made good of an earlier
    -- lease is not given back once more.
    local at, full = t * TICKS, quota * span
    tat = tat or at
    if back > 0 then
      local out = back * span - max(0, t - lent, (upto or 0) - lent) * TICKS
      if out > 0 then
        tat = tat - out
        changed = true
      end
    end
    if tat < at then tat = at end
    if owed > 0 then
      tat = min(tat + owed * span, at + full)
      changed = true
    end
    local room = at + full - tat
    if cost * span <= room then
      granted = cost
      if want > cost then
        local lease = max(tat, at + ahead * TICKS)
        granted = max(cost, min(want, floor((at + full - lease) / span / part)))
        if granted > cost then
          tat, noted = lease, t + ahead
          upto = max(upto or 0, noted)
        end
      end
      if granted > 0 then
        tat = tat + granted * span
        changed = true
      end
    else
      retry = ceil((cost * span - room) / TICKS)
    end
    local debt = tat - at
    if debt > 0 then reset = ceil(((debt - 1) % span + 1) / TICKS) end
    left = max(0, floor((full - debt) / span))
    idle = ceil(tat / TICKS)
  end

  if changed then
    if s then
      s[2] = t
      raw = pack(unpack(s))
    elseif upto then
      raw = pack(born, t, tat, upto)
    else
      raw = pack(born, t, tat)
    end
    call('SET', KEYS[k], raw, 'PX', max(1, ceil(((idle or t) - t) / 1000)))
  end
  if k == 1 then
    answer = { granted, left, reset, retry, noted, born }
  else
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5], answer[n + 6] = granted, left, reset, retry, noted, born
  end
  if granted < 0 then break end
end
return answer
