-- Packets for wrk: STREAMS meters in turn, 21 fields, each packet later than the one before of its meter.
-- wrk -s packets.lua URL -- MODE STREAMS FIRST LOGIN     (MODE: packet, influx; FIRST: epoch seconds)

local mode, streams, first, login = "packet", 10000, 1700000000, ""
local n, round = 0, 0
local names = {
  "aP_1", "aP_2", "aP_3", "rP_1", "rP_2", "rP_3", "apP_1", "apP_2", "apP_3", "v_1", "v_2", "v_3",
  "c_1", "c_2", "c_3", "v_12", "v_13", "v_23",
}

local headers = {}
local bodies = {}
local format = string.format
local thread_count = 0

function setup(thread)
  thread:set("number", thread_count)
  thread_count = thread_count + 1
end

function init(args)
  mode, streams, first, login = args[1], tonumber(args[2]), tonumber(args[3]), args[4] or ""
  if login ~= "" then headers["Authorization"] = login end
  if mode == "packet" then headers["Content-Type"] = "application/json" end
  if args[5] == "close" then headers["Connection"] = "close" end
  n = math.floor(streams / 2) * number
  for k = 1, 1000 do  -- a thousand different sets of values
    local parts = {}
    for i, name in ipairs(names) do
      local value = format("%.1f", 100 + (k * 7 + i * 13) % 900 + 0.1 * (k % 10))
      if mode == "packet" then
        parts[i] = '"' .. name .. '":' .. value
      else
        parts[i] = name .. "=" .. value
      end
    end
    bodies[k] = table.concat(parts, ",")
  end
end

function request()
  n = n + 1
  if n >= streams then n, round = 0, round + 1 end
  local at = first + round
  local body, said = nil, bodies[(n + round) % 1000 + 1]
  local counted = (at - 1700000000) % 100000000 + n  -- Wh: counters grow, whichever case comes next
  if mode == "packet" then
    body = format(
      '{"id":"bench-%d","tsISO8601":"%s.000+00:00",%s,"pC_1":%d,"pC_2":%d.5,"pC_3":%d}',
      n, os.date("!%Y-%m-%dT%H:%M:%S", at), said, counted, counted, 2 * counted)
  else
    body = format("packet,id=bench-%d %s,pC_1=%d,pC_2=%d.5,pC_3=%d %d000000000", n, said, counted, counted, 2 * counted, at)
  end
  return wrk.format("POST", nil, headers, body)
end

function done(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, bad,
    latency:percentile(50), latency:percentile(99)))
end
