/** Takes schedules that cannot be understood out of what is due, where they still are as they were looked at. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesQuarantine: LuaModule = {
  name: 'schedules.quarantine',
  needs: [schedules],
  source: `
for _, asked in ipairs(request.schedules) do
  local job = fn.find_job(asked.job)
  local row = job and fn.find_schedule(job, asked.name)
  if row and row.incarnation == asked.incarnation and row.generation == asked.generation and row.nextSlot == fn.given(asked.expectedSlot) then
    row.quarantined = asked.reason
    fn.index_schedule(job, row)
  end
end
return fn.answer(0)
`,
}
