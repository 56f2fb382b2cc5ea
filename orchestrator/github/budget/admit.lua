-- Enters a request that goes out now, or answers how long it has to wait and for what. The twin of Ledger.admit.
-- KEYS: state, points, minute, hour, leases
-- ARGV: now (milliseconds; '' for the server's clock), lease, points, writes, creates,
--       caps: points, minute, hour, at once, kept thousandths of the quota; milliseconds between writes, of a lease, of a retry
-- Answers {wait, number of the reason}; 0 when it may go.
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local cost, writes, creates = tonumber(ARGV[3]), ARGV[4] == '1', ARGV[5] == '1'
local MINUTE, HOUR = 60000, 3600000

local function field(name)
  return tonumber(redis.call('HGET', KEYS[1], name) or '0')
end

local function wait(key, width, span, more, cap)
  local all, used, kept = redis.call('HGETALL', key), 0, {}
  for i = 1, #all, 2 do
    local leaves, amount = (tonumber(all[i]) + 1) * width + span, tonumber(all[i + 1])
    if leaves <= now then
      redis.call('HDEL', key, all[i])
    else
      used = used + amount
      kept[#kept + 1] = {leaves, amount}
    end
  end
  if used + more <= cap then return 0 end
  table.sort(kept, function(a, b) return a[1] < b[1] end)
  for _, each in ipairs(kept) do
    used = used - each[2]
    if used + more <= cap then return each[1] - now end
  end
  return span
end

local function add(key, width, span, amount)
  redis.call('HINCRBY', key, string.format('%d', math.floor(now / width)), amount)
  redis.call('PEXPIRE', key, span + 2 * width)
end

redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now)
local under_way = redis.call('ZCARD', KEYS[5])

local quota, reset = 0, field('reset')
if now < reset then
  local usable = field('remaining') - under_way - math.floor(field('limit') * tonumber(ARGV[10]) / 1000)
  if usable < 1 then quota = reset - now end
end

local waits = {
  field('closed_until') - now,
  writes and field('next_write') - now or 0,
  wait(KEYS[2], 1000, MINUTE, cost, tonumber(ARGV[6])),
  creates and wait(KEYS[3], 1000, MINUTE, 1, tonumber(ARGV[7])) or 0,
  creates and wait(KEYS[4], 60000, HOUR, 1, tonumber(ARGV[8])) or 0,
  under_way >= tonumber(ARGV[9]) and tonumber(ARGV[13]) or 0,
  quota,
}
local longest = 1
for i = 2, #waits do
  if waits[i] > waits[longest] then longest = i end
end
if waits[longest] > 0 then return {waits[longest], longest} end

add(KEYS[2], 1000, MINUTE, cost)
if writes then
  redis.call('HSET', KEYS[1], 'next_write', string.format('%d', now + tonumber(ARGV[11])))
  redis.call('PEXPIRE', KEYS[1], 2 * HOUR)
end
if creates then
  add(KEYS[3], 1000, MINUTE, 1)
  add(KEYS[4], 60000, HOUR, 1)
end
redis.call('ZADD', KEYS[5], now + tonumber(ARGV[12]), ARGV[2])
redis.call('PEXPIRE', KEYS[5], 2 * tonumber(ARGV[12]))
return {0, 0}
