/** Schedules by job, then by name. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesList: LuaModule = {
  name: 'schedules.list',
  needs: [schedules],
  source: `
local names = {}
if request.job then
  names[1] = request.job
else
  for _, name in ipairs(call('HKEYS', KEY.jobNumbers)) do names[#names + 1] = name end
  table.sort(names)
end
local replies = {}
for _, name in ipairs(names) do
  local job = fn.find_job(name)
  if job and (request.after == nil or request.after.job <= name) and #replies < request.limit then
    local prefix = job.number .. '/'
    local after = request.after and request.after.job == name and prefix .. request.after.name or nil
    for _, member in ipairs(fn.with_prefix(KEY.scheduleNames, prefix, request.limit - #replies, after)) do
      local row = fn.find_schedule(job, member:sub(#prefix + 1))
      if row then replies[#replies + 1] = fn.schedule_out(job, row) end
    end
  end
end
return fn.answer(replies)
`,
}
