-- Enters how a request ended; answers for how long nothing may be sent from now on. The twin of Ledger.settle.
-- KEYS: state, leases
-- ARGV: now (milliseconds; '' for the server's clock), lease, outcome, wrote, wait (-1: not told),
--       quota: limit (-1: not told), remaining, milliseconds to its reset;
--       refusals: first, longest; troubles: tolerated, first, longest; milliseconds by which resets may differ
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function field(name)
  return tonumber(redis.call('HGET', KEYS[1], name) or '0')
end

local function set(name, value)
  redis.call('HSET', KEYS[1], name, string.format('%d', value))
end

local function doubled(name, tolerated, first, longest)
  local count = math.min(field(name) + 1, 10)
  set(name, count)
  if count <= tolerated then return 0 end
  return math.min(first * 2 ^ (count - tolerated - 1), longest)
end

redis.call('ZREM', KEYS[2], ARGV[2])

local limit, remaining, reset = tonumber(ARGV[6]), tonumber(ARGV[7]), now + tonumber(ARGV[8])
if limit >= 0 then
  local known = field('reset')
  if now < known and math.abs(reset - known) <= tonumber(ARGV[14]) then
    set('remaining', math.min(field('remaining'), remaining))
  elseif reset > known or now >= known then
    set('limit', limit)
    set('remaining', remaining)
    set('reset', reset)
  end
end

local outcome, wait = ARGV[3], 0
if outcome ~= '2' then set('troubles', 0) end
if outcome == '0' and ARGV[4] == '1' then
  set('refusals', 0)
elseif outcome == '1' then
  wait = tonumber(ARGV[5])
  if wait < 0 then wait = doubled('refusals', 0, tonumber(ARGV[9]), tonumber(ARGV[10])) end
elseif outcome == '2' then
  wait = doubled('troubles', tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]))
end
if wait > 0 then set('closed_until', math.max(field('closed_until'), now + wait)) end
redis.call('PEXPIRE', KEYS[1], 7200000)
return math.max(field('closed_until') - now, 0)
