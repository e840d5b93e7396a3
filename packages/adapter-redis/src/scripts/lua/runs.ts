/** The life of a run: made, begun, recorded, ended and filed. */
import type { LuaModule } from '../lua-module.ts'
import { held } from './held.ts'

export const runs: LuaModule = {
  name: 'runs',
  needs: [held],
  source: `
local MOST_ATTEMPTS, MOST_RECENT, MOST_ABSORBED = 20, 100, 5000

-- Requests that need not be carried out when they arrive again: the newest are remembered.
function fn.absorb(id, row)
  fn.write(KEY.absorbed, id, row)
  fn.put(KEY.absorbedOrder, id, fn.count('ends'))
end
beforeWriting[#beforeWriting + 1] = function()
  if not changed[KEY.absorbed] then return end
  fn.make_moves(KEY.absorbedOrder)
  local surplus = call('ZCARD', KEY.absorbedOrder) - MOST_ABSORBED
  if surplus <= 0 then return end
  for _, old in ipairs(call('ZRANGE', KEY.absorbedOrder, 0, math.min(surplus, 200) - 1)) do
    fn.cut(KEY.absorbedOrder, old)
    fn.write(KEY.absorbed, old, nil)
  end
end

function fn.ledger_member(ledger, slot, kind, id) return ledger .. '/' .. fn.instant_text(slot) .. '/' .. kind .. id end

function fn.gate_ids(names)
  local ids = {}
  for index, name in ipairs(names) do ids[index] = fn.gate_id(name) end
  return ids
end
function fn.nonzero(value) if value ~= 0 then return value end end

-- A pending run, entered into every index but that of runs to be claimed. 'run' says what is known of it.
function fn.create_run(job, run)
  run.job = job.number
  run.state = 'pending'
  run.age = fn.count('ages')
  run.createdAt = now
  run.triggers = run.triggers or 1
  run.attempt = 0
  run.fence = 0
  if run.gates and #run.gates == 0 then run.gates = nil end
  local key = fn.obtain_key(job, run.key)
  key.alive = key.alive + 1
  if run.open then key.open = run.id end
  if not run.debounced then key.busy = key.busy + 1 end
  fn.put(KEY.byAge, fn.age_member(run))
  fn.put(KEY.alive, fn.alive_member(run))
  if run.ledger then fn.put(KEY.ledger, fn.ledger_member(run.ledger, run.slot, 'r', run.id)) end
  fn.add('alive', 1)
  fn.touch_run(run)
  fn.count_state(run, 1)
  return run
end
-- No more triggers join this run.
function fn.close_run(run)
  if run.open == nil then return end
  run.open = nil
  fn.touch_run(run)
  local key = fn.obtain_key(fn.run_job(run), run.key)
  if key.open == run.id then key.open = nil end
end

-- What has ended, oldest first: per (job, key) and kind for counts, per job for age. Behind their order stands what they name:
-- r and a run, g and a range of skipped slots, l and a lot: successes of one key that ended together. Runs of a lot are filed
-- under its number, all of them.
local KIND_OF = { succeeded = 's', dead = 'd', cancelled = 'c', skipped = 'k' }
function fn.filed_prefix(number, key, kind) return number .. '/' .. fn.bounded(key) .. '/' .. kind .. '/' end
function fn.kept_of(job, kind)
  if job.keepSucceeded == nil then return 0 end
  return kind == 'd' and job.keepDead or job.keepSucceeded
end
function fn.note_crowding(job, key, row, kind)
  if (row.kinds[kind] or 0) > fn.kept_of(job, kind) then fn.put(KEY.crowded, fn.key_field(job, key)) end
end
-- 'item': a run, or a range of skipped slots with the same fields.
function fn.file(job, item, kind)
  item.filedAs = fn.count('ends')
  local row = fn.obtain_key(job, item.key)
  row.kinds[kind] = (row.kinds[kind] or 0) + 1
  local name = (kind == 'g' and 'g' or 'r') .. item.id
  fn.put(KEY.filed, fn.filed_prefix(job.number, item.key, kind) .. fn.count_text(item.filedAs) .. '/' .. name)
  fn.put(KEY.aged, job.number .. '/' .. fn.instant_text(item.finishedAt) .. '/' .. fn.count_text(item.filedAs) .. '/' .. name)
  fn.note_crowding(job, item.key, row, kind)
end
function fn.unfile(job, item, kind)
  local row = fn.obtain_key(job, item.key)
  row.kinds[kind] = row.kinds[kind] - 1
  if row.kinds[kind] == 0 then row.kinds[kind] = nil end
  local name = (kind == 'g' and 'g' or 'r') .. item.id
  fn.cut(KEY.filed, fn.filed_prefix(job.number, item.key, kind) .. fn.count_text(item.filedAs) .. '/' .. name)
  fn.cut(KEY.aged, job.number .. '/' .. fn.instant_text(item.finishedAt) .. '/' .. fn.count_text(item.filedAs) .. '/' .. name)
  fn.drop_key_if_empty(job, item.key)
end
-- Answers how indexes name the lot. Its rows are written by who calls this.
function fn.file_lot(number, lot)
  local text = fn.count_text(number)
  if #lot.ids == 1 then return text .. '/r' .. lot.ids[1] end
  call('HSET', KEY.lots, text, cmsgpack.pack(lot))
  return text .. '/l' .. text
end
function fn.unfile_lot(job, number)
  local lot = fn.read(KEY.lots, number)
  local file = number .. '/l' .. number
  fn.cut(KEY.filed, fn.filed_prefix(job.number, lot.key, 's') .. file)
  fn.cut(KEY.aged, job.number .. '/' .. fn.instant_text(lot.at) .. '/' .. file)
  fn.write(KEY.lots, number, nil)
end

-- Ends a run that stands in no index and holds nothing any more.
function fn.finish(run, action, reason)
  fn.change_state(run, action)
  fn.close_run(run)
  local job = fn.run_job(run)
  run.reason = reason
  run.finishedAt = now
  local key = fn.obtain_key(job, run.key)
  key.alive = key.alive - 1
  if not run.debounced or run.fence > 0 then key.busy = key.busy - 1 end
  fn.cut(KEY.alive, fn.alive_member(run))
  fn.add('alive', -1)
  fn.file(job, run, KIND_OF[run.state])
  if run.state == 'succeeded' or (run.state == 'skipped' and reason and reason:sub(1, 7) == 'handler') then
    job.lastSuccess = run.id
    job.failures = 0
  elseif run.state == 'dead' then
    job.lastFailure = run.id
    job.failures = job.failures + 1
  end
  fn.touch(job)
  endedRuns[#endedRuns + 1] = run.id
end
-- Ends a pending or waiting run.
function fn.finish_standing(run, action, reason)
  fn.withdraw(run)
  fn.finish(run, action, reason)
end

-- The present attempt is known to execute.
function fn.start_attempt(run)
  run.started = true
  run.startedAt = now
  local job = fn.run_job(run)
  job.lastRun = run.id
  fn.touch(job)
  fn.touch_run(run)
end
-- The present attempt does not count: it never began, or it was given back cleanly.
function fn.take_attempt_back(run)
  run.attempt = run.attempt - 1
  run.started = nil
  local last = run.attempts and run.attempts[#run.attempts]
  run.startedAt = last and last[5] or nil
  fn.touch_run(run)
end
-- Records the present attempt while the run still has its owner and its instant.
function fn.record_attempt(run, outcome, startedAt, failure)
  local attempts = run.attempts or {}
  if #attempts >= MOST_ATTEMPTS then table.remove(attempts, 1) end
  attempts[#attempts + 1] = { run.attempt, outcome, run.owner, run.fence, startedAt, now, failure or false }
  run.attempts = attempts
  run.startedAt = startedAt
  local job = fn.run_job(run)
  fn.write(KEY.recent, job.number .. '/' .. (job.attempts % MOST_RECENT), { run.id, outcome, math.max(0, startedAt - run.runAt), math.max(0, now - startedAt) })
  job.attempts = job.attempts + 1
  fn.touch(job)
  fn.touch_run(run)
end

-- Windows that an attempt leaves are freed by whoever asks for windows next.
function fn.end_refresher(run)
  fn.put(KEY.rollupFreed, fn.hold_text(run.id, run.fence))
  run.refreshes = nil
end
-- The run leaves its owner; its gates are released, unless its handler still needs them.
function fn.release_run(run, isHolding)
  local id = run.owner
  if id == nil then return end
  run.owner = nil
  if run.refreshes then fn.end_refresher(run) end
  fn.touch_run(run)
  local owner = fn.find_owner(id)
  if owner then
    owner.held = owner.held - 1
    if not fn.leave_lot(id, owner, run.fence) then fn.cut(KEY.held, id .. '/' .. run.id) end
    if owner.suspect == run.id then owner.suspect = nil end
    owner.cancels[run.id] = nil
    if isHolding then owner.stuck[run.id .. '/' .. format('%.0f', run.fence)] = run.gates or {} end
    fn.touch_owner(id, owner)
  end
  if not isHolding then fn.release_gates(run.gates) end
end
-- Ends an owner for ever. Its runs must have been taken from it.
function fn.end_owner(id, owner, crashed)
  fn.write(KEY.owners, id, nil)
  owners[id] = owner
  fn.write(KEY.ended, id, crashed)
  fn.put(KEY.endedOrder, id, fn.count('ends'))
  fn.end_lots(id)
  for _, ids in pairs(owner.stuck) do fn.release_gates(ids) end
  if call('ZCARD', KEY.endedOrder) > 5000 then
    fn.make_moves(KEY.endedOrder)
    for _, old in ipairs(call('ZRANGE', KEY.endedOrder, 0, 99)) do
      fn.cut(KEY.endedOrder, old)
      fn.write(KEY.ended, old, nil)
    end
  end
end
-- The run if this owner holds it under that very fence.
function fn.held_run(owner, id, fence)
  local run = fn.find_run(id)
  if run and owner and run.owner == owner and run.fence == fence then return run end
end
-- Puts a released run back; one that was asked to cancel ends instead.
function fn.give_back(run)
  if run.cancel then return fn.finish(run, 'cancel', run.cancel) end
  fn.change_state(run, 'release')
  fn.place_run(run)
end
-- Ends a run that stands, asks its owner to end one that runs. The first reason stays.
function fn.cancel_run(run, reason)
  if run.state == 'pending' or run.state == 'waiting' then
    fn.finish_standing(run, 'cancel', reason)
    return 'cancelled'
  end
  if run.state ~= 'running' then return 'terminal' end
  run.cancel = run.cancel or reason
  fn.touch_run(run)
  if run.owner then
    local owner = fn.find_owner(run.owner)
    if owner then
      owner.cancels[run.id] = true
      fn.touch_owner(run.owner, owner)
    end
    fn.hint('c', run.owner)
  end
  return 'requested'
end

-- A run as replies carry it; rows/run-row.ts reads it.
function fn.run_out(run)
  local names = {}
  for index, id in ipairs(run.gates or {}) do names[index] = fn.gate_name(id) end
  local attempts = {}
  for index, one in ipairs(run.attempts or {}) do
    attempts[index] = { one[1], one[2], one[3] or '', one[4], fn.number_out(one[5]), fn.number_out(one[6]), one[7] }
  end
  return {
    run.id, fn.run_job(run).name, run.key, run.state, run.trigger, run.schedule or false, fn.number_out(run.slot), run.payload or false,
    run.merging or false, run.priority or 0, fn.number_out(run.runAt), fn.number_out(run.createdAt), fn.number_out(run.startedAt),
    fn.number_out(run.finishedAt), run.overlap, names, run.attempt, run.failures or 0, run.crashes or 0, run.suspect and 1 or 0,
    run.owner or false, run.fence, run.open and 1 or 0, run.triggers, run.cancel or false, run.reason or false,
    run.progress or false, run.result or false, run.failure or false, attempts, run.replayOf or false,
    run.trace or false,
  }
end
`,
}
