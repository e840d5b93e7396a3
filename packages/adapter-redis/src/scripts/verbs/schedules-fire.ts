/** The cursor moves and the slot's records are written in one step (engine rules 2, 3, 4, 10). */
import { claim } from '../lua/claim.ts'
import { early } from '../lua/early.ts'
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesFire: LuaModule = {
  name: 'schedules.fire',
  needs: [claim, early, schedules],
  source: `
if request.mayWait then
  local latest = now
  for _, firing in ipairs(request.firings) do
    for _, run in ipairs(firing.runs) do latest = math.max(latest, run.runAt) end
  end
  local early = fn.early_by(latest)
  if early then return fn.answer(early) end
end

local claiming = request.claim and fn.open_claim(request.claim)

-- Whether what was planned at a look, of a schedule that was perhaps not due by then, may fire now.
local function holds_still(job, row)
  if not request.lookedAt then return true end
  return row.nextDueAt ~= nil and row.nextDueAt <= now and not fn.was_resumed(job.stretches) and not fn.was_resumed(row.stretches)
end
-- Why a firing does not go ahead, or nil.
local function refusal(job, row, firing)
  if row == nil or row.incarnation ~= firing.incarnation then return 'gone' end
  if row.generation ~= firing.generation or row.nextSlot ~= firing.expectedSlot or row.quarantined then return 'stale' end
  if job.suspendedAt or row.suspendedAt then return 'suspended' end
  if not holds_still(job, row) then return 'stale' end
end

local function is_alive(id)
  local run = id and fn.find_run(id)
  return run ~= nil and (run.state == 'pending' or run.state == 'waiting' or run.state == 'running')
end
-- Texts of triggers that run stand in no index of keys: found among all that is held.
local held
local function add_held_texts(job, name, ids)
  if held == nil then
    held = {}
    for _, id in ipairs(call('ZRANGE', KEY.holders, 0, -1)) do
      for _, runId in ipairs(fn.held_ids(id)) do held[#held + 1] = runId end
    end
  end
  local isListed = {}
  for _, id in ipairs(ids) do isListed[id] = true end
  for _, id in ipairs(held) do
    local run = fn.find_run(id)
    if run and run.job == job.number and run.key == name and not isListed[id] then ids[#ids + 1] = id end
  end
end
-- Why the slot is skipped at once, or nil; what it replaces is told to end.
local function apply_overlap(job, row, fired)
  if fired.overlap == 'skip' then return is_alive(row.lastRun) and 'overlap' or nil end
  if fired.overlap == 'queue' then
    local key = fn.find_key(job, fn.schedule_key(row))
    return key and key.busy > 0 and key.standing >= fired.queueLimit and 'limit' or nil
  end
  if fired.overlap == 'replace' then
    local name = fn.schedule_key(row)
    local prefix, ids = job.number .. '/' .. fn.bounded(name) .. '/', {}
    fn.each_with_prefix(KEY.alive, prefix, function(member) ids[#ids + 1] = member:sub(#prefix + 18) end)
    local key = fn.find_key(job, name)
    if key and key.alive > #ids then add_held_texts(job, name, ids) end
    fn.prefetch(KEY.runs, ids)
    for _, id in ipairs(ids) do
      local run = fn.find_run(id)
      if run and (run.state == 'running' or run.trigger == 'schedule') then fn.cancel_run(run, 'replaced by a later slot') end
    end
  end
end
-- The slot has its run already: ids are derived from slots, so that none is doubled whatever became of the cursor.
local function keep_slot_run(row, run)
  if run.ledger ~= row.ledger and run.slot then
    run.ledger = row.ledger
    fn.put(KEY.ledger, fn.ledger_member(run.ledger, run.slot, 'r', run.id))
    fn.touch_run(run)
    row.slots = row.slots + 1
  end
  return { run.id, run.state, run.reason or false }
end
local function fire_run(job, row, fired)
  local known = fn.find_run(fired.id)
  if known then return keep_slot_run(row, known) end
  row.slots = row.slots + 1
  local reason = apply_overlap(job, row, fired)
  local run = fn.create_run(job, {
    id = fired.id, key = fn.schedule_key(row), trigger = 'schedule', schedule = row.name, slot = fired.slot, payload = row.payload,
    priority = fn.nonzero(fired.priority), runAt = fired.runAt, overlap = fired.overlap, gates = fn.gate_ids(fired.gates), ledger = row.ledger,
  })
  if reason then
    fn.finish_standing(run, 'skip', reason)
    return { run.id, run.state, run.reason }
  end
  row.lastRun = run.id
  local claimed = fn.claim_at_once(run, claiming)
  if claimed then return { run.id, run.state, false, claimed } end
  fn.place_run(run)
  return { run.id, run.state, false }
end
local function fire_one(firing)
  if now < meta.claimsFrom then return { 'stale', {} } end
  local job = fn.find_job(firing.job)
  local row = job and fn.find_schedule(job, firing.name)
  local status = refusal(job, row, firing)
  if status then return { status, {} } end
  fn.move_cursor(row, firing.through, fn.given(firing.nextSlot), fn.given(firing.nextDueAt))
  fn.index_schedule(job, row)
  for _, range in ipairs(firing.skips) do fn.record_skip(job, row, range.reason, range.from, range.to, fn.given(range.count)) end
  local fired = {}
  for index, run in ipairs(firing.runs) do fired[index] = fire_run(job, row, run) end
  return { 'fired', fired }
end

-- All that firings will look at, read in lots.
local firings = request.firings
local function read_ahead()
  local fields, keys, ids, gates = {}, {}, {}, {}
  for _, firing in ipairs(firings) do
    local job = fn.find_job(firing.job)
    if job then fields[#fields + 1] = fn.schedule_field(job, firing.name) end
  end
  fn.prefetch(KEY.schedules, fields)
  for _, firing in ipairs(firings) do
    local job = fn.find_job(firing.job)
    local row = job and fn.find_schedule(job, firing.name)
    -- Where another process was quicker, there is no more to read.
    if row and row.nextSlot == firing.expectedSlot then
      keys[#keys + 1] = fn.key_field(job, fn.schedule_key(row))
      for _, run in ipairs(firing.runs) do
        ids[#ids + 1] = run.id
        for _, name in ipairs(run.gates) do gates[#gates + 1] = fn.gate_id(name) end
      end
    end
  end
  fn.prefetch(KEY.keys, keys)
  fn.prefetch(KEY.runs, ids)
  fn.prefetch(KEY.gates, gates)
end

read_ahead()
local replies = {}
for index, firing in ipairs(firings) do replies[index] = fire_one(firing) end
return fn.answer({ replies, fn.tick_for(claiming and claiming.id, claiming and claiming.owner) })
`,
}
