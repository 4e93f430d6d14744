-- For wrk: sends requests that were written out and signed beforehand, in turn and over again, so that what is measured
-- is the server. The file has each request after its length in eight digits; it is the first argument after "--".
local requests, next = {}, 0

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local length = file:read(8)
   while length do
      requests[#requests + 1] = file:read(tonumber(length))
      length = file:read(8)
   end
   file:close()
end

function request()
   next = next % #requests + 1
   return requests[next]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "failed": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
