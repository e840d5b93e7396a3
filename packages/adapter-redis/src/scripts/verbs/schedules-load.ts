/** Jobs, their static schedules, and what live owners declare. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesLoad: LuaModule = {
  name: 'schedules.load',
  needs: [schedules],
  source: `
local found, rows = {}, {}
for _, name in ipairs(request.jobs) do
  local job = find_job(name)
  if job and job.generation > 0 then
    local declared, isListed = {}, {}
    for _, hash in ipairs(declarations(name)) do
      if not isListed[hash] then declared[#declared + 1] = hash end
      isListed[hash] = true
    end
    local rate = job.rateMax and { number_out(job.rateMax), number_out(job.ratePerMs) } or false
    found[#found + 1] = {
      name, job.generation, job.hash, job.superseded, declared, number_out(job.concurrency), rate, number_out(job.suspendedAt),
      job.suspendedReason or false, stretches_out(job.stretches),
    }
    for _, static in ipairs(job.statics) do
      local row = find_schedule(job, static)
      if row then rows[#rows + 1] = schedule_out(job, row) end
    end
  end
end
return answer({ found, rows })
`,
}
