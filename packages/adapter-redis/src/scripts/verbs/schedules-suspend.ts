/** Suspends or resumes jobs and single schedules (engine rule 8). */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesSuspend: LuaModule = {
  name: 'schedules.suspend',
  needs: [schedules],
  source: `
local function suspend_one(target)
  local job, reason = find_job(target.job), given(target.reason)
  if job == nil then return false end
  if target.name == nil then
    if not is_known(job) or not change_suspension(job, reason) then return false end
    dueChanged[job.number] = job
    touch(job)
    if is_ready(job) then hint('w') end
    return true
  end
  local row = find_schedule(job, target.name)
  if row == nil or not change_suspension(row, reason) then return false end
  index_schedule(job, row)
  return true
end
local replies = {}
for index, target in ipairs(request.targets) do replies[index] = suspend_one(target) and 1 or 0 end
return answer(replies)
`,
}
