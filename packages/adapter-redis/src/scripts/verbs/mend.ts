/** Indexes are made anew from rows, so many at a time; rows that nothing leads to any more are removed. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const mend: LuaModule = {
  name: 'mend',
  needs: [schedules],
  source: `
local SCHEDULES_AT_ONCE = 500

local function mend_jobs()
  local rows = call('HKEYS', KEY.jobs)
  local isNamed, highest = {}, meta.jobs
  for _, number in ipairs(rows) do
    local job = fn.job_by_number(number)
    isNamed[job.name] = true
    call('HSET', KEY.jobNumbers, job.name, number)
    highest = math.max(highest, tonumber(number))
  end
  for _, name in ipairs(call('HKEYS', KEY.jobNumbers)) do
    if not isNamed[name] then call('HDEL', KEY.jobNumbers, name) end
  end
  fn.set('jobs', highest)
  -- An owner without a row is nobody's, one without a lease never ends.
  for _, id in ipairs(call('ZRANGE', KEY.ownerEnds, 0, -1)) do
    if fn.find_owner(id) == nil then
      fn.cut(KEY.ownerEnds, id)
      fn.cut(KEY.holders, id)
    end
  end
  for _, id in ipairs(call('HKEYS', KEY.owners)) do fn.touch_owner(id, fn.find_owner(id)) end
  fn.clear(KEY.due)
  fn.clear(KEY.dueJobs)
  fn.clear(KEY.scheduleNames)
end
local function mend_schedules(cursor)
  local page = call('HSCAN', KEY.schedules, cursor, 'COUNT', SCHEDULES_AT_ONCE)
  for index = 1, #page[2], 2 do
    local field = page[2][index]
    local number, name = field:match('^([^/]*)/(.*)$')
    local job = fn.job_by_number(number)
    if job then
      local row = fn.find_schedule(job, name)
      fn.put(KEY.scheduleNames, field)
      if row.indexedAt then fn.put(KEY.due, fn.due_member(job, row.indexedAt, name)) end
      row.name = nil
    else
      fn.write(KEY.schedules, field, nil)
    end
  end
  return page[1]
end
-- What was counted is counted again.
local function mend_counts()
  local statics = 0
  for _, number in ipairs(call('HKEYS', KEY.jobs)) do
    local job, prefix = fn.job_by_number(number), number .. '/'
    statics = statics + #job.statics
    job.schedules = call('ZLEXCOUNT', KEY.scheduleNames, '[' .. prefix, '(' .. prefix .. '\\255')
    job.dueAt, job.turn, job.timedAt = nil, nil, nil
    fn.tell_line(job, '')
    for kind, key in pairs({ ready = KEY.ready, suspects = KEY.suspects, delayed = KEY.delayed }) do
      job[kind] = call('ZLEXCOUNT', key, '[' .. prefix, '(' .. prefix .. '\\255')
    end
    dueChanged[number] = job
    fn.touch(job)
  end
  fn.set('dynamic', call('ZCARD', KEY.scheduleNames) - statics)
  local alive = 0
  for _, key in ipairs({ KEY.plain, KEY.ready, KEY.suspects, KEY.delayed, KEY.lines, KEY.held }) do alive = alive + call('ZCARD', key) end
  -- What is held together has one member.
  alive = alive - call('HLEN', KEY.heldLots)
  for _, id in ipairs(call('HKEYS', KEY.owners)) do
    for _, counts in pairs(fn.find_owner(id).lots or {}) do alive = alive + counts[2] end
  end
  fn.set('alive', alive)
  fn.set('due', call('ZCARD', KEY.due))
  fn.set('dueJobs', 0)
end

if request.step == 'jobs' then
  mend_jobs()
  return fn.answer('0')
end
if request.step == 'schedules' then return fn.answer(mend_schedules(request.cursor)) end
mend_counts()
return fn.answer('0')
`,
}
