/** Takes schedules that cannot be understood out of what is due. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesQuarantine: LuaModule = {
  name: 'schedules.quarantine',
  needs: [schedules],
  source: `
for _, asked in ipairs(request.schedules) do
  local job = find_job(asked.job)
  local row = job and find_schedule(job, asked.name)
  if row then
    row.quarantined = asked.reason
    index_schedule(job, row)
  end
end
return answer(0)
`,
}
