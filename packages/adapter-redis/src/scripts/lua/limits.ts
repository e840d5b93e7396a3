/** What bounds a job's runs. */
import type { LuaModule } from '../lua-module.ts'
import { schedules } from './schedules.ts'

export const limits: LuaModule = {
  name: 'limits',
  needs: [schedules],
  source: `
-- Those that waited for more room go on.
local function set_limits(job, concurrency, rate)
  job.concurrency = concurrency
  job.rateMax, job.ratePerMs = rate and rate.max, rate and rate.perMs
  local gate = read(KEY.gates, 'j' .. job.number)
  if gate then let_go('j' .. job.number, gate) end
  touch(job)
  if is_ready(job) then hint('r') end
end
`,
}
