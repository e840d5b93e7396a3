/** Removes dynamic schedules. Static ones end with a registration that lacks them. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesRemove: LuaModule = {
  name: 'schedules.remove',
  needs: [schedules],
  source: `
local replies = {}
for index, asked in ipairs(request.schedules) do
  local job = find_job(asked.job)
  local row = job and find_schedule(job, asked.name)
  replies[index] = 0
  if row and not is_static(asked.name) then
    remove_schedule(job, row)
    replies[index] = 1
  end
end
return answer(replies)
`,
}
