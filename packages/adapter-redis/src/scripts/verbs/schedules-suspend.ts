/** Suspends or resumes jobs and single schedules (engine rule 8). */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesSuspend: LuaModule = {
  name: 'schedules.suspend',
  needs: [schedules],
  source: `
local function suspend_one(target)
  local job, reason = fn.find_job(target.job), fn.given(target.reason)
  if job == nil then return false end
  if target.name == nil then
    if not fn.is_known(job) or not fn.change_suspension(job, reason) then return false end
    dueChanged[job.number] = job
    fn.touch(job)
    if fn.is_ready(job) then fn.hint('w') end
    return true
  end
  local row = fn.find_schedule(job, target.name)
  if row == nil or not fn.change_suspension(row, reason) then return false end
  fn.index_schedule(job, row)
  return true
end
local replies = {}
for index, target in ipairs(request.targets) do replies[index] = suspend_one(target) and 1 or 0 end
return fn.answer(replies)
`,
}
