/** Schedules by name. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesGet: LuaModule = {
  name: 'schedules.get',
  needs: [schedules],
  source: `
local replies = {}
for index, asked in ipairs(request.schedules) do
  local job = fn.find_job(asked.job)
  local row = job and fn.find_schedule(job, asked.name)
  replies[index] = row and fn.schedule_out(job, row) or false
end
return fn.answer(replies)
`,
}
