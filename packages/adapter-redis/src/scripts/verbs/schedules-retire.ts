/** Ends jobs that left the code. History stays, and so does what still runs. */
import { limits } from '../lua/limits.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesRetire: LuaModule = {
  name: 'schedules.retire',
  needs: [limits],
  source: `
local function retire_job(job)
  local prefix, names, ids = job.number .. '/', {}, {}
  fn.each_with_prefix(KEY.scheduleNames, prefix, function(member) names[#names + 1] = member:sub(#prefix + 1) end)
  for _, name in ipairs(names) do
    local row = fn.find_schedule(job, name)
    if row then fn.remove_schedule(job, row) end
  end
  fn.each_with_prefix(KEY.alive, prefix, function(member)
    local length, rest = member:sub(#prefix + 1):match('^(%d+):(.*)$')
    ids[#ids + 1] = rest:sub(tonumber(length) + 19)
  end)
  fn.each_with_prefix(KEY.plain, prefix, function(member) ids[#ids + 1] = member:sub(#prefix + AGE_LENGTH + 1) end)
  fn.prefetch(KEY.runs, ids)
  local standing = {}
  for _, id in ipairs(ids) do
    local run = fn.find_run(id)
    if run and run.state ~= 'running' then standing[#standing + 1] = run end
  end
  table.sort(standing, function(a, b) return fn.alive_member(a) < fn.alive_member(b) end)
  for _, run in ipairs(standing) do fn.finish_standing(run, 'cancel', 'the job was retired') end
  job.generation, job.hash, job.superseded, job.stretches, job.failures = 0, '', {}, {}, 0
  job.suspendedAt, job.suspendedReason = nil, nil
  fn.set_limits(job, nil, nil)
  dueChanged[job.number] = job
end
local replies = {}
for index, name in ipairs(request.jobs) do
  local job = fn.find_job(name)
  if job == nil or not (fn.is_known(job) or job.pending + job.waiting > 0) then
    replies[index] = 'unknown'
  elseif #fn.declarations(name) > 0 then
    replies[index] = 'inUse'
  else
    retire_job(job)
    replies[index] = 'retired'
  end
end
return fn.answer(replies)
`,
}
