-- Decisions for a thousand customers, each thread by turns; a body for each is made once, so that wrk spends little.
-- Observations are lines of the file that OBSERVATIONS names.
local requests, i = {}, 0

function init()
  for observation in io.lines(os.getenv("OBSERVATIONS")) do
    local n = #requests
    local body = '{"customer":"customer ' .. n .. '","product":"product ' .. n % 100 .. '","observation":' .. observation .. '}'
    requests[n + 1] = wrk.format("POST", "/v1/decide", { ["Content-Type"] = "application/json" }, body)
  end
end

function request()
  i = i % #requests + 1
  return requests[i]
end
