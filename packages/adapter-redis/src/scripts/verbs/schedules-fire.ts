/** The cursor moves and the slot's records are written in one step (engine rules 2, 3, 4, 10). */
import { claim } from '../lua/claim.ts'
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesFire: LuaModule = {
  name: 'schedules.fire',
  needs: [claim, schedules],
  source: `
-- What was looked at before it is due, and comes a little before its instant: scripts cannot wait, so the asker is told how long to.
local LONGEST_WAIT_MS = 20
if request.mayWait then
  local early = 0
  for _, firing in ipairs(request.firings) do
    for _, run in ipairs(firing.runs) do early = math.max(early, run.runAt - now) end
  end
  if early > 0 and early <= LONGEST_WAIT_MS then return fn.answer(fn.number_out(math.ceil(early))) end
end

local claiming = request.claim and fn.open_claim(request.claim)

-- Whether what was planned at a look, of a schedule that was perhaps not due by then, may fire now.
local function was_resumed(stretches)
  for _, stretch in ipairs(stretches or {}) do
    if stretch[2] > request.lookedAt then return true end
  end
  return false
end
local function holds_still(job, row)
  if not request.lookedAt then return true end
  return row.nextDueAt ~= nil and row.nextDueAt <= now and not was_resumed(job.stretches) and not was_resumed(row.stretches)
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

-- One run that is due, of numbers that a text keeps as they are, bounded by nothing but the gate of its key.
local function is_short(firing, gateName)
  local run = firing.runs[1]
  local gates = run and run.gates or {}
  return #firing.runs == 1 and #firing.skips == 0 and (#gates == 0 or #gates == 1 and gates[1] == gateName)
    and (#gates == 0) == (run.overlap == 'allow')
    and run.runAt <= now and run.runAt >= 0 and run.runAt == floor(run.runAt)
    and run.priority == floor(run.priority) and math.abs(run.priority) < 100000
end
-- The first firings as far as each makes one run that nothing stands in the way of, claimed at once: what the general way does with them comes
-- to this, and the run is kept as text. Answers how many they were; of each the fence, or its status if it did not fire, and what
-- the asker cannot know of its run; how many start at once.
local function fire_short()
  local told, count, started = {}, 0, 0
  if claiming == nil or now < meta.claimsFrom then return told, count, started end
  local owner, by, holder = claiming.owner, claiming.id .. '/', '/' .. fn.bounded(claiming.id) .. '/'
  local created = format('%.17g', now)
  local begun = created .. '/'
  local rows, byAge, alive, ledger, held, gates = {}, {}, {}, {}, {}, {}
  local mayTake, isFired = {}, {}
  local function is_free(job)
    local isFree = mayTake[job.number]
    if isFree == nil then
      isFree = owner.jobs[job.name] ~= nil and fn.due_count(job) == 0 and not job.concurrency and not job.rateMax
      mayTake[job.number] = isFree
    end
    return isFree
  end
  local known = fn.cacheOf(KEY.runs)
  for _, firing in ipairs(firings) do
    local job = fn.find_job(firing.job)
    local row = job and fn.find_schedule(job, firing.name)
    local status = refusal(job, row, firing)
    if status then
      told[2 * count + 1], told[2 * count + 2] = status, false
    else
      local fired, name = firing.runs[1], fn.schedule_key(row)
      if claiming.left == 0 or not is_free(job) or not is_short(firing, 'key:' .. job.name .. '/' .. name) or fn.read(KEY.runs, fired.id) then break end
      local gate = fired.gates[1] and 'k' .. job.number .. '/' .. name
      local former = gate and fn.find_key(job, name)
      -- Another run of the key: what becomes of this one is for the general way to say.
      if gate and (former and former.alive > 0 or fn.read(KEY.gates, gate)) then break end
      -- Who asks for it in this very call reads what is written below.
      known[fired.id] = nil
      if isFired[row.name .. '/' .. job.number] then break end
      isFired[row.name .. '/' .. job.number] = true
      fn.move_cursor(row, firing.through, fn.given(firing.nextSlot), fn.given(firing.nextDueAt))
      row.slots, row.lastRun = row.slots + 1, fired.id
      fn.index_schedule(job, row)
      local key = fn.obtain_key(job, name)
      key.alive, key.busy = key.alive + 1, key.busy + 1
      local fence, age = fn.next_fence(claiming.seenFence), fn.count_text(fn.count('ages')) .. '/'
      local place = job.number .. '/' .. fn.bounded(name) .. '/' .. age
      local isStarted, at = claiming.start > 0, #held + 1
      local asked = '{"trigger":"schedule","overlap":"' .. fired.overlap .. '","triggers":1,"slot":' .. format('%.17g', fired.slot)
        .. ',"schedule":' .. cjson.encode(row.name) .. ',"ledger":"' .. row.ledger .. '"'
        .. (gate and ',"gates":[' .. cjson.encode(gate) .. ']' or '')
        .. (row.payload and ',"payload":' .. cjson.encode(row.payload) or '') .. '}'
      rows[at], rows[at + 1] = fired.id, (gate and 'G' or 'R') .. format('%.0f', fence) .. holder .. (isStarted and begun or '/') .. 'P' .. place
        .. fn.instant_text(fired.runAt) .. '/' .. created .. '/' .. fn.priority_text(fired.priority) .. '//' .. asked
      byAge[at], byAge[at + 1] = '0', job.number .. '/' .. age .. fired.id
      alive[at], alive[at + 1] = '0', place .. fired.id
      ledger[at], ledger[at + 1] = '0', fn.ledger_member(row.ledger, fired.slot, 'r', fired.id)
      held[at], held[at + 1] = '0', by .. fired.id
      if gate then
        fn.cacheOf(KEY.gates)[gate] = nil
        gates[#gates + 1] = gate
        gates[#gates + 1] = 'H'
      end
      job.running = job.running + 1
      claiming.left = claiming.left - 1
      if isStarted then
        claiming.start, started, job.lastRun = claiming.start - 1, started + 1, fired.id
      end
      fn.touch(job)
      told[2 * count + 1] = fence
      told[2 * count + 2] = (row.payload or row.key) and { name, row.payload or false } or false
    end
    count = count + 1
  end
  if #held > 0 then
    fn.each_chunk(rows, 2000, function(from, to)
      call('HSET', KEY.runs, unpack(rows, from, to))
      call('ZADD', KEY.byAge, unpack(byAge, from, to))
      call('ZADD', KEY.alive, unpack(alive, from, to))
      call('ZADD', KEY.ledger, unpack(ledger, from, to))
      call('ZADD', KEY.held, unpack(held, from, to))
    end)
    fn.each_chunk(gates, 2000, function(from, to) call('HSET', KEY.gates, unpack(gates, from, to)) end)
    local lot = #held / 2
    owner.held = owner.held + lot
    fn.add('alive', lot)
    fn.touch_owner(claiming.id, owner)
  end
  return told, count, started
end

read_ahead()
local short, count, started = fire_short()
local replies = {}
for index = count + 1, #firings do replies[#replies + 1] = fire_one(firings[index]) end
return fn.answer({ replies, fn.tick_for(claiming and claiming.id, claiming and claiming.owner), short, started })
`,
}
