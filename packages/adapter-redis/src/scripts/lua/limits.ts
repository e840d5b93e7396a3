/** What bounds a job's runs. */
import type { LuaModule } from '../lua-module.ts'
import { schedules } from './schedules.ts'

export const limits: LuaModule = {
  name: 'limits',
  needs: [schedules],
  source: `
-- Those that waited for more room go on.
function fn.set_limits(job, concurrency, rate)
  job.concurrency = concurrency
  job.rateMax, job.ratePerMs = rate and rate.max, rate and rate.perMs
  local gate = fn.read(KEY.gates, 'j' .. job.number)
  if gate then fn.let_go('j' .. job.number, gate) end
  fn.touch(job)
  if fn.is_ready(job) then fn.hint('r') end
end
`,
}
