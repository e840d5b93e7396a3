/** What health asks. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsStats: LuaModule = {
  name: 'runs.stats',
  needs: [schedules],
  source: `
fn.make_moves(KEY.ownerEnds)
local owners = call('ZCOUNT', KEY.ownerEnds, '(' .. format('%.17g', now), '+inf')
-- Jitter may have reordered slots: so many of those that are due first are looked at.
local MOST_LOOKED_AT = 1000
local function run_or_nothing(id)
  local run = id and fn.find_run(id)
  return run and fn.run_out(run) or false
end
local function oldest_due_at(job)
  local oldest = fn.earliest_delayed(job)
  local first = fn.peek('plain', job)
  if first then oldest = math.min(oldest, first.runAt) end
  for _, key in ipairs({ KEY.ready, KEY.suspects }) do
    for _, member in ipairs(fn.with_prefix(key, job.number .. '/', MOST_LOOKED_AT)) do
      oldest = math.min(oldest, tonumber(member:sub(#job.number + 9, #job.number + 26)))
    end
  end
  return oldest <= now and oldest or nil
end
local function earliest_slot(job)
  local earliest, fields = nil, {}
  for index, member in ipairs(fn.with_prefix(KEY.due, job.number .. '/', MOST_LOOKED_AT)) do
    fields[index] = job.number .. '/' .. member:sub(#job.number + 21)
  end
  fn.prefetch(KEY.schedules, fields)
  for _, field in ipairs(fields) do
    local row = fn.read(KEY.schedules, field)
    if row and row.nextSlot and (earliest == nil or row.nextSlot < earliest) then earliest = row.nextSlot end
  end
  return earliest
end
local function recent_out(job)
  local fields, list = {}, {}
  for back = 1, math.min(job.attempts, MOST_RECENT) do fields[back] = job.number .. '/' .. ((job.attempts - back) % MOST_RECENT) end
  fn.prefetch(KEY.recent, fields)
  for _, field in ipairs(fields) do
    local one = fn.read(KEY.recent, field)
    if one and (fn.cacheOf(KEY.runs)[one[1]] or call('HEXISTS', KEY.runs, one[1]) == 1) then
      list[#list + 1] = { one[2], fn.number_out(one[3]), fn.number_out(one[4]) }
    end
  end
  return list
end
local function statics_of(job)
  local fields, registered, unfired, names = {}, nil, {}, {}
  for index, name in ipairs(job.statics) do fields[index] = fn.schedule_field(job, name) end
  fn.prefetch(KEY.schedules, fields)
  for _, name in ipairs(job.statics) do
    local row = fn.find_schedule(job, name)
    if row then
      names[#names + 1] = name
      if registered == nil or row.createdAt < registered then registered = row.createdAt end
      if row.nextSlot == nil and row.slots == 0 and row.quarantined == nil then unfired[#unfired + 1] = { name, row.spec } end
    end
  end
  table.sort(unfired, function(a, b) return a[1] < b[1] end)
  table.sort(names)
  return registered, unfired, names
end
local replies = {}
for index, name in ipairs(request.jobs) do
  local job = fn.find_job(name)
  if job then
    local dueAt = fn.earliest_due(job)
    local registered, unfired, names = statics_of(job)
    local last = job.stretches[#job.stretches]
    replies[index] = {
      job.pending, job.waiting, job.running, fn.number_out(oldest_due_at(job)), fn.number_out(earliest_slot(job)),
      fn.number_out(dueAt and dueAt <= now and dueAt or nil), job.schedules, run_or_nothing(job.lastRun), run_or_nothing(job.lastSuccess),
      run_or_nothing(job.lastFailure), job.failures, recent_out(job), #fn.declarations(name),
      fn.number_out(job.suspendedAt), job.suspendedReason or false, fn.number_out(last and last[2]), fn.number_out(registered), unfired,
      names, job.generation,
    }
  else
    replies[index] = { 0, 0, 0, false, false, false, 0, false, false, false, 0, {}, #fn.declarations(name), false, false, false, false, {}, {}, 0 }
  end
end
return fn.answer({ owners, replies })
`,
}
