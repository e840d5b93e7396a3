/** Schedules: their rows, the index of what is due, the ledger of their slots (engine rules 1 to 8). */
import type { LuaModule } from '../lua-module.ts'
import { plainSchedules } from './plain-schedules.ts'

export const schedules: LuaModule = {
  name: 'schedules',
  needs: [plainSchedules],
  source: `
-- Earlier specs kept with a schedule: beyond, only later slots can be enumerated.
local MOST_HISTORY = 100
local MOST_STRETCHES = 10

-- A schedule that was removed and set again has another ledger, whatever its incarnation.
function fn.schedule_field(job, name) return job.number .. '/' .. name end
function fn.find_schedule(job, name)
  local row = fn.read(KEY.schedules, fn.schedule_field(job, name))
  if row then row.name = name end
  return row
end
function fn.touch_schedule(job, row) fn.write(KEY.schedules, fn.schedule_field(job, row.name), row) end
function fn.is_static(name) return name:sub(1, 1) == '#' end
function fn.schedule_key(row) return row.key or row.name end
-- A name is the end of its field.
beforePacking[#beforePacking + 1] = function()
  for field in pairs(changed[KEY.schedules] or {}) do
    local row = cache[KEY.schedules][field]
    if row then row.name = nil end
  end
end

-- One more or less in an index.
function fn.count_indexed(name, before, after)
  if before and not after then fn.add(name, -1) end
  if after and not before then fn.add(name, 1) end
end
-- Keeps a schedule in the index of what is due, where it may fire; to be called after every change of it.
local dueChanged = {}
function fn.due_member(job, dueAt, name) return job.number .. '/' .. fn.instant_text(dueAt) .. '/' .. name end
function fn.index_schedule(job, row)
  local mayFire = row.suspendedAt == nil and row.quarantined == nil
  local at = mayFire and row.nextDueAt or nil
  if at ~= row.indexedAt then
    if row.indexedAt then fn.cut(KEY.due, fn.due_member(job, row.indexedAt, row.name)) end
    if at then fn.put(KEY.due, fn.due_member(job, at, row.name)) end
    fn.count_indexed('due', row.indexedAt, at)
    row.indexedAt = at
  end
  fn.touch_schedule(job, row)
  dueChanged[job.number] = job
end
function fn.earliest_due(job)
  local member = fn.with_prefix(KEY.due, job.number .. '/', 1)[1]
  return member and tonumber(member:sub(#job.number + 2, #job.number + 19))
end
-- A job's place among jobs by what is due first.
function fn.index_due(job)
  local at = job.suspendedAt == nil and fn.earliest_due(job) or nil
  if at == job.dueAt then return end
  if at and (job.dueAt == nil or at < job.dueAt) then fn.hint('w') end
  fn.count_indexed('dueJobs', job.dueAt, at)
  job.dueAt = at
  if at then fn.put(KEY.dueJobs, job.name, at) else fn.cut(KEY.dueJobs, job.name) end
  fn.touch(job)
end
table.insert(beforeWriting, 1, function()
  for number, job in pairs(dueChanged) do
    if fn.job_by_number(number) == job then fn.index_due(job) end
  end
  dueChanged = {}
end)

function fn.remove_schedule(job, row)
  if row.indexedAt then fn.cut(KEY.due, fn.due_member(job, row.indexedAt, row.name)) end
  fn.count_indexed('due', row.indexedAt, nil)
  for index, name in ipairs(job.statics) do
    if name == row.name then
      table.remove(job.statics, index)
      break
    end
  end
  if not fn.is_static(row.name) then
    fn.add('dynamic', -1)
    fn.absorb(row.incarnation, { 'removed' })
  end
  job.schedules = job.schedules - 1
  fn.cut(KEY.scheduleNames, fn.schedule_field(job, row.name))
  fn.write(KEY.schedules, fn.schedule_field(job, row.name), nil)
  dueChanged[job.number] = job
  fn.touch(job)
end
-- Moves the cursor forward; stretches of suspension that it passes are over.
function fn.move_cursor(row, cursor, nextSlot, nextDueAt)
  row.cursor = math.max(row.cursor, cursor)
  row.nextSlot, row.nextDueAt = nextSlot, nextDueAt
  if row.stretches then
    local left = {}
    for _, stretch in ipairs(row.stretches) do
      if stretch[2] > row.cursor then left[#left + 1] = stretch end
    end
    row.stretches = #left > 0 and left or nil
  end
end
-- Forgets specs that no slot after the horizon came from, except those that uncounted ranges are still to be counted by.
function fn.trim_history(row)
  local history = row.history
  if history == nil then return end
  local surplus = history[#history - MOST_HISTORY]
  if surplus then row.horizon = math.max(row.horizon or surplus.untilAt, surplus.untilAt) end
  if row.horizon == nil or history[1] == nil or history[1].untilAt > row.horizon then return end
  local uncounted = {}
  for generation in pairs(row.uncounted or {}) do uncounted[tonumber(generation)] = true end
  local left = {}
  for _, past in ipairs(history) do
    if past.untilAt > row.horizon or uncounted[past.generation] then left[#left + 1] = past end
  end
  row.history = #left > 0 and left or nil
end

-- Writes a range of skipped slots of the present spec; a counted one is added to the schedule's slots.
function fn.record_skip(job, row, reason, from, to, slots)
  local id = 'skip-' .. format('%.0f', fn.count('skips'))
  local skip = {
    id = id, reason = reason, from = from, to = to, count = slots, specGeneration = row.generation, job = job.number,
    key = fn.schedule_key(row), name = row.name, ledger = row.ledger, finishedAt = now,
  }
  fn.put(KEY.ledger, fn.ledger_member(row.ledger, from, 's', id))
  fn.file(job, skip, 'g')
  fn.write(KEY.skips, id, skip)
  if slots then
    row.slots = row.slots + slots
  else
    local generation = format('%.0f', row.generation)
    row.uncounted = row.uncounted or {}
    row.uncounted[generation] = (row.uncounted[generation] or 0) + 1
  end
end

-- Suspension of a job or a schedule. False when nothing changes.
function fn.change_suspension(target, reason)
  if reason then
    if target.suspendedReason == reason then return false end
    target.suspendedAt = target.suspendedAt or now
    target.suspendedReason = reason
    return true
  end
  if target.suspendedAt == nil then return false end
  local stretches = target.stretches or {}
  stretches[#stretches + 1] = { target.suspendedAt, now }
  if #stretches > MOST_STRETCHES then
    local first, second = table.remove(stretches, 1), stretches[1]
    stretches[1] = { first[1], second[2] }
  end
  target.stretches = stretches
  target.suspendedAt, target.suspendedReason = nil, nil
  return true
end

function fn.stretches_out(stretches)
  local list = {}
  for index, stretch in ipairs(stretches or {}) do list[index] = { fn.number_out(stretch[1]), fn.number_out(stretch[2]) } end
  return list
end
function fn.counters_out(counters)
  local list = {}
  for name, value in pairs(counters or {}) do list[#list + 1] = { name, value } end
  return list
end
-- A schedule as replies carry it; rows/schedule-row.ts reads it.
function fn.schedule_out(job, row)
  local history = {}
  for index, past in ipairs(row.history or {}) do
    history[index] = { past.generation, past.spec, fn.number_out(past.untilAt), fn.number_out(past.cursor), fn.number_out(past.nextSlot) }
  end
  return {
    job.name, row.name, fn.schedule_key(row), row.incarnation, row.generation, row.spec, row.payload or false, fn.number_out(row.cursor),
    fn.number_out(row.nextSlot), fn.number_out(row.nextDueAt), fn.number_out(row.suspendedAt), row.suspendedReason or false,
    fn.stretches_out(row.stretches), row.slots, fn.counters_out(row.folded), fn.number_out(row.horizon), history, fn.number_out(row.createdAt),
    row.quarantined or false,
  }
end

-- Writing schedules: created, changed, or left alone (engine rules 4, 6).
-- What one version cannot read, another writes again just as it is.
function fn.is_change(row, asked) return row.quarantined ~= nil or row.spec ~= asked.spec or row.payload ~= fn.given(asked.payload) end
function fn.create_schedule(job, asked)
  if fn.read(KEY.absorbed, asked.incarnation) then return { 'created', fn.number_out(asked.asOf) } end
  local row = {
    name = asked.name, ledger = format('%.0f', fn.count('ages')), incarnation = asked.incarnation, generation = 1, spec = asked.spec, payload = fn.given(asked.payload),
    cursor = asked.asOf, nextSlot = fn.given(asked.nextSlot), nextDueAt = fn.given(asked.nextDueAt), createdAt = asked.asOf, slots = 0,
  }
  if asked.key ~= asked.name then row.key = asked.key end
  if fn.is_static(asked.name) then job.statics[#job.statics + 1] = asked.name else fn.add('dynamic', 1) end
  job.schedules = job.schedules + 1
  fn.put(KEY.scheduleNames, fn.schedule_field(job, asked.name))
  fn.touch(job)
  fn.index_schedule(job, row)
  return { 'created', fn.number_out(asked.asOf) }
end
-- What the old spec still owed becomes one range; the new one begins after 'asOf', and nothing fires in retrospect.
function fn.change_schedule(job, row, asked)
  local from = row.nextSlot
  if from and from <= asked.asOf then fn.record_skip(job, row, 'superseded', from, asked.asOf) end
  row.history = row.history or {}
  row.history[#row.history + 1] = { generation = row.generation, spec = row.spec, untilAt = asked.asOf, cursor = row.cursor, nextSlot = from }
  row.quarantined = nil
  row.spec, row.payload, row.generation = asked.spec, fn.given(asked.payload), row.generation + 1
  fn.move_cursor(row, asked.asOf, fn.given(asked.nextSlot), fn.given(asked.nextDueAt))
  fn.trim_history(row)
  fn.index_schedule(job, row)
  return { 'changed', fn.number_out(asked.asOf) }
end
function fn.write_schedule(job, asked)
  local row = fn.find_schedule(job, asked.name)
  if row == nil then return fn.create_schedule(job, asked) end
  if not fn.is_change(row, asked) then return { 'unchanged', fn.number_out(row.cursor) } end
  if row.cursor > asked.asOf then return { 'stale', fn.number_out(row.cursor) } end
  return fn.change_schedule(job, row, asked)
end
-- The write would change the schedule, but was computed before its cursor moved on.
function fn.is_stale_write(job, asked)
  local row = fn.find_schedule(job, asked.name)
  return row ~= nil and fn.is_change(row, asked) and row.cursor > asked.asOf
end
`,
}
