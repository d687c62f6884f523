-- Says that a node is there, and counts those that were of late.
--
-- KEYS[1]  the set of nodes
-- ARGV     the node's name; for how many milliseconds a node counts, 0 takes this one out;
--          for how many it counts as asking Redis; 1 if this one asks, 0 if it is there and
--          may still admit without asking, or owes
--
-- The answer is how many there are, how many of them ask, and whether this one was among
-- them before.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local count = tonumber(ARGV[2])
local known = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
local asks = tonumber(ARGV[3])
if count > 0 then
  local seen = now
  if ARGV[4] == '0' then seen = now - asks - 1 end
  redis.call('ZADD', KEYS[1], seen, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - count)
  redis.call('PEXPIRE', KEYS[1], 2 * count)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return { redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[1], now - asks, '+inf'), known }
