/** Jobs, their static schedules, and what live owners declare. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesLoad: LuaModule = {
  name: 'schedules.load',
  needs: [schedules],
  source: `
local found, rows = {}, {}
for _, name in ipairs(request.jobs) do
  local job = fn.find_job(name)
  if job and job.generation > 0 then
    local declared, isListed = {}, {}
    for _, hash in ipairs(fn.declarations(name)) do
      if not isListed[hash] then declared[#declared + 1] = hash end
      isListed[hash] = true
    end
    local rate = job.rateMax and { fn.number_out(job.rateMax), fn.number_out(job.ratePerMs) } or false
    found[#found + 1] = {
      name, job.generation, job.hash, job.superseded, declared, fn.number_out(job.concurrency), rate, fn.number_out(job.suspendedAt),
      job.suspendedReason or false, fn.stretches_out(job.stretches),
    }
    for _, static in ipairs(job.statics) do
      local row = fn.find_schedule(job, static)
      if row then rows[#rows + 1] = fn.schedule_out(job, row) end
    end
  end
end
return fn.answer({ found, rows })
`,
}
