/** Schedules by name. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesGet: LuaModule = {
  name: 'schedules.get',
  needs: [schedules],
  source: `
local replies = {}
for index, asked in ipairs(request.schedules) do
  local job = find_job(asked.job)
  local row = job and find_schedule(job, asked.name)
  replies[index] = row and schedule_out(job, row) or false
end
return answer(replies)
`,
}
