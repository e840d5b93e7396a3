/** Schedules: their rows, the index of what is due, the ledger of their slots (engine rules 1 to 8). */
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const schedules: LuaModule = {
  name: 'schedules',
  needs: [runs],
  source: `
-- Earlier specs kept with a schedule: beyond, only later slots can be enumerated.
local MOST_HISTORY = 100
local MOST_STRETCHES = 10

-- A schedule that was removed and set again has another ledger, whatever its incarnation.
local function schedule_field(job, name) return job.number .. '/' .. name end
local function find_schedule(job, name)
  local row = read(KEY.schedules, schedule_field(job, name))
  if row then row.name = name end
  return row
end
local function touch_schedule(job, row) write(KEY.schedules, schedule_field(job, row.name), row) end
local function is_static(name) return name:sub(1, 1) == '#' end
local function schedule_key(row) return row.key or row.name end
-- A name is the end of its field.
beforePacking[#beforePacking + 1] = function()
  for field in pairs(changed[KEY.schedules] or {}) do
    local row = cache[KEY.schedules][field]
    if row then row.name = nil end
  end
end

-- Keeps a schedule in the index of what is due, where it may fire; to be called after every change of it.
local dueChanged = {}
local function due_member(job, dueAt, name) return job.number .. '/' .. instant_text(dueAt) .. '/' .. name end
local function index_schedule(job, row)
  local mayFire = row.suspendedAt == nil and row.quarantined == nil
  local at = mayFire and row.nextDueAt or nil
  if at ~= row.indexedAt then
    if row.indexedAt then cut(KEY.due, due_member(job, row.indexedAt, row.name)) end
    if at then put(KEY.due, due_member(job, at, row.name)) end
    row.indexedAt = at
  end
  touch_schedule(job, row)
  dueChanged[job.number] = job
end
local function earliest_due(job)
  local member = with_prefix(KEY.due, job.number .. '/', 1)[1]
  return member and tonumber(member:sub(#job.number + 2, #job.number + 19))
end
-- A job's place among jobs by what is due first.
local function index_due(job)
  local at = job.suspendedAt == nil and earliest_due(job) or nil
  if at == job.dueAt then return end
  if at and (job.dueAt == nil or at < job.dueAt) then hint('w') end
  job.dueAt = at
  if at then put(KEY.dueJobs, job.name, at) else cut(KEY.dueJobs, job.name) end
  touch(job)
end
table.insert(beforeWriting, 1, function()
  for number, job in pairs(dueChanged) do
    if job_by_number(number) == job then index_due(job) end
  end
  dueChanged = {}
end)

local function remove_schedule(job, row)
  if row.indexedAt then cut(KEY.due, due_member(job, row.indexedAt, row.name)) end
  for index, name in ipairs(job.statics) do
    if name == row.name then
      table.remove(job.statics, index)
      break
    end
  end
  job.schedules = job.schedules - 1
  cut(KEY.scheduleNames, schedule_field(job, row.name))
  write(KEY.schedules, schedule_field(job, row.name), nil)
  dueChanged[job.number] = job
  touch(job)
end
-- Moves the cursor forward; stretches of suspension that it passes are over.
local function move_cursor(row, cursor, nextSlot, nextDueAt)
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
local function trim_history(row)
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
local function record_skip(job, row, reason, from, to, slots)
  local id = 'skip-' .. format('%.0f', count('skips'))
  local skip = {
    id = id, reason = reason, from = from, to = to, count = slots, specGeneration = row.generation, job = job.number,
    key = schedule_key(row), name = row.name, ledger = row.ledger, finishedAt = now,
  }
  put(KEY.ledger, ledger_member(row.ledger, from, 's', id))
  file(job, skip, 'g')
  write(KEY.skips, id, skip)
  if slots then
    row.slots = row.slots + slots
  else
    local generation = format('%.0f', row.generation)
    row.uncounted = row.uncounted or {}
    row.uncounted[generation] = (row.uncounted[generation] or 0) + 1
  end
end

-- Suspension of a job or a schedule. False when nothing changes.
local function change_suspension(target, reason)
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

local function stretches_out(stretches)
  local list = {}
  for index, stretch in ipairs(stretches or {}) do list[index] = { number_out(stretch[1]), number_out(stretch[2]) } end
  return list
end
local function counters_out(counters)
  local list = {}
  for name, value in pairs(counters or {}) do list[#list + 1] = { name, value } end
  return list
end
-- A schedule as replies carry it; rows/schedule-row.ts reads it.
local function schedule_out(job, row)
  local history = {}
  for index, past in ipairs(row.history or {}) do
    history[index] = { past.generation, past.spec, number_out(past.untilAt), number_out(past.cursor), number_out(past.nextSlot) }
  end
  return {
    job.name, row.name, schedule_key(row), row.incarnation, row.generation, row.spec, row.payload or false, number_out(row.cursor),
    number_out(row.nextSlot), number_out(row.nextDueAt), number_out(row.suspendedAt), row.suspendedReason or false,
    stretches_out(row.stretches), row.slots, counters_out(row.folded), number_out(row.horizon), history, number_out(row.createdAt),
    row.quarantined or false,
  }
end

-- Writing schedules: created, changed, or left alone (engine rules 4, 6).
local function is_change(row, asked) return row.spec ~= asked.spec or row.payload ~= given(asked.payload) end
local function create_schedule(job, asked)
  local row = {
    name = asked.name, ledger = format('%.0f', count('ages')), incarnation = asked.incarnation, generation = 1, spec = asked.spec, payload = given(asked.payload),
    cursor = asked.asOf, nextSlot = given(asked.nextSlot), nextDueAt = given(asked.nextDueAt), createdAt = asked.asOf, slots = 0,
  }
  if asked.key ~= asked.name then row.key = asked.key end
  if is_static(asked.name) then job.statics[#job.statics + 1] = asked.name end
  job.schedules = job.schedules + 1
  put(KEY.scheduleNames, schedule_field(job, asked.name))
  touch(job)
  index_schedule(job, row)
  return { 'created', number_out(asked.asOf) }
end
-- What the old spec still owed becomes one range; the new one begins after 'asOf', and nothing fires in retrospect.
local function change_schedule(job, row, asked)
  local from = row.nextSlot
  if from and from <= asked.asOf then record_skip(job, row, 'superseded', from, asked.asOf) end
  row.history = row.history or {}
  row.history[#row.history + 1] = { generation = row.generation, spec = row.spec, untilAt = asked.asOf, cursor = row.cursor, nextSlot = from }
  row.quarantined = nil
  row.spec, row.payload, row.generation = asked.spec, given(asked.payload), row.generation + 1
  move_cursor(row, asked.asOf, given(asked.nextSlot), given(asked.nextDueAt))
  trim_history(row)
  index_schedule(job, row)
  return { 'changed', number_out(asked.asOf) }
end
local function write_schedule(job, asked)
  local row = find_schedule(job, asked.name)
  if row == nil then return create_schedule(job, asked) end
  if not is_change(row, asked) then return { 'unchanged', number_out(row.cursor) } end
  if row.cursor > asked.asOf then return { 'stale', number_out(row.cursor) } end
  return change_schedule(job, row, asked)
end
-- The write would change the schedule, but was computed before its cursor moved on.
local function is_stale_write(job, asked)
  local row = find_schedule(job, asked.name)
  return row ~= nil and is_change(row, asked) and row.cursor > asked.asOf
end
`,
}
