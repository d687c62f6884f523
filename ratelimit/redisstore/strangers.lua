-- Counts the nodes that were there of late and whose secret has another fingerprint. It writes nothing.
--
-- KEYS[1]  the set of nodes, whose names end in a dot and the fingerprint
-- ARGV     the fingerprint; for how many milliseconds a node counts
--
-- A name without a dot is that of an older version, which said nothing of its secret.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local strangers = 0
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now - tonumber(ARGV[2]), '+inf')) do
  local dot = string.find(name, '.', 1, true)
  if dot and string.sub(name, dot + 1) ~= ARGV[1] then strangers = strangers + 1 end
end
return { strangers }
