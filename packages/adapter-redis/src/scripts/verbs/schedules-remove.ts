/** Removes dynamic schedules. Static ones end with a registration that lacks them. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesRemove: LuaModule = {
  name: 'schedules.remove',
  needs: [schedules],
  source: `
local replies = {}
for index, asked in ipairs(request.schedules) do
  local job = fn.find_job(asked.job)
  local row = job and fn.find_schedule(job, asked.name)
  replies[index] = 0
  if row and not fn.is_static(asked.name) then
    fn.remove_schedule(job, row)
    replies[index] = 1
  end
end
return fn.answer(replies)
`,
}
