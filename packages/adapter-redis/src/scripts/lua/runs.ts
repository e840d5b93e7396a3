/** The life of a run: made, begun, recorded, ended and filed. */
import type { LuaModule } from '../lua-module.ts'
import { gates } from './gates.ts'

export const runs: LuaModule = {
  name: 'runs',
  needs: [gates],
  source: `
local MOST_ATTEMPTS, MOST_RECENT = 20, 100

local function ledger_member(ledger, slot, kind, id) return ledger .. '/' .. instant_text(slot) .. '/' .. kind .. id end
local function age_member(run) return run.job .. '/' .. count_text(run.age) .. '/' .. run.id end
local function alive_member(run) return run.job .. '/' .. bounded(run.key) .. '/' .. count_text(run.age) .. '/' .. run.id end

local function gate_ids(names)
  local ids = {}
  for index, name in ipairs(names) do ids[index] = gate_id(name) end
  return ids
end
local function nonzero(value) if value ~= 0 then return value end end

-- A pending run, entered into every index but that of runs to be claimed. 'run' says what is known of it.
local function create_run(job, run)
  run.job = job.number
  run.state = 'pending'
  run.age = count('ages')
  run.createdAt = now
  run.triggers = run.triggers or 1
  run.attempt = 0
  run.fence = 0
  if run.gates and #run.gates == 0 then run.gates = nil end
  local key = obtain_key(job, run.key)
  key.alive = key.alive + 1
  if run.open then key.open = run.id end
  if not run.debounced then key.busy = key.busy + 1 end
  put(KEY.byAge, age_member(run))
  put(KEY.alive, alive_member(run))
  if run.ledger then put(KEY.ledger, ledger_member(run.ledger, run.slot, 'r', run.id)) end
  touch_run(run)
  count_state(run, 1)
  return run
end
-- No more triggers join this run.
local function close_run(run)
  if run.open == nil then return end
  run.open = nil
  touch_run(run)
  local key = obtain_key(run_job(run), run.key)
  if key.open == run.id then key.open = nil end
end

-- What has ended, oldest first: per (job, key) and kind for counts, per job for age.
local KIND_OF = { succeeded = 's', dead = 'd', cancelled = 'c', skipped = 'k' }
local function filed_prefix(number, key, kind) return number .. '/' .. bounded(key) .. '/' .. kind .. '/' end
local function kept_of(job, kind)
  if job.keepSucceeded == nil then return 0 end
  return kind == 'd' and job.keepDead or job.keepSucceeded
end
local function note_crowding(job, key, row, kind)
  if (row.kinds[kind] or 0) > kept_of(job, kind) then put(KEY.crowded, key_field(job, key)) end
end
-- 'item': a run, or a range of skipped slots with the same fields.
local function file(job, item, kind)
  item.filedAs = count('ends')
  local row = obtain_key(job, item.key)
  row.kinds[kind] = (row.kinds[kind] or 0) + 1
  local name = (kind == 'g' and 'g' or 'r') .. item.id
  put(KEY.filed, filed_prefix(job.number, item.key, kind) .. count_text(item.filedAs) .. '/' .. name)
  put(KEY.aged, job.number .. '/' .. instant_text(item.finishedAt) .. '/' .. count_text(item.filedAs) .. '/' .. name)
  note_crowding(job, item.key, row, kind)
end
local function unfile(job, item, kind)
  local row = obtain_key(job, item.key)
  row.kinds[kind] = row.kinds[kind] - 1
  if row.kinds[kind] == 0 then row.kinds[kind] = nil end
  local name = (kind == 'g' and 'g' or 'r') .. item.id
  cut(KEY.filed, filed_prefix(job.number, item.key, kind) .. count_text(item.filedAs) .. '/' .. name)
  cut(KEY.aged, job.number .. '/' .. instant_text(item.finishedAt) .. '/' .. count_text(item.filedAs) .. '/' .. name)
  drop_key_if_empty(job, item.key)
end

-- Ends a run that stands in no index and holds nothing any more.
local function finish(run, action, reason)
  change_state(run, action)
  close_run(run)
  local job = run_job(run)
  run.reason = reason
  run.finishedAt = now
  local key = obtain_key(job, run.key)
  key.alive = key.alive - 1
  if not run.debounced or run.fence > 0 then key.busy = key.busy - 1 end
  cut(KEY.alive, alive_member(run))
  file(job, run, KIND_OF[run.state])
  if run.state == 'succeeded' or (run.state == 'skipped' and reason and reason:sub(1, 7) == 'handler') then
    job.lastSuccess = run.id
    job.failures = 0
  elseif run.state == 'dead' then
    job.lastFailure = run.id
    job.failures = job.failures + 1
  end
  touch(job)
  hint('s', run.id)
end
-- Ends a pending or waiting run.
local function finish_standing(run, action, reason)
  withdraw(run)
  finish(run, action, reason)
end

-- The present attempt is known to execute.
local function start_attempt(run)
  run.started = true
  run.startedAt = now
  local job = run_job(run)
  job.lastRun = run.id
  touch(job)
  touch_run(run)
end
-- The present attempt does not count: it never began, or it was given back cleanly.
local function take_attempt_back(run)
  run.attempt = run.attempt - 1
  run.started = nil
  local last = run.attempts and run.attempts[#run.attempts]
  run.startedAt = last and last[5] or nil
  touch_run(run)
end
-- Records the present attempt while the run still has its owner and its instant.
local function record_attempt(run, outcome, startedAt, failure)
  local attempts = run.attempts or {}
  if #attempts >= MOST_ATTEMPTS then table.remove(attempts, 1) end
  attempts[#attempts + 1] = { run.attempt, outcome, run.owner, run.fence, startedAt, now, failure or false }
  run.attempts = attempts
  run.startedAt = startedAt
  local job = run_job(run)
  write(KEY.recent, job.number .. '/' .. (job.attempts % MOST_RECENT), { run.id, outcome, math.max(0, startedAt - run.runAt), math.max(0, now - startedAt) })
  job.attempts = job.attempts + 1
  touch(job)
  touch_run(run)
end

-- The run leaves its owner; its gates are released, unless its handler still needs them.
local function release_run(run, isHolding)
  local id = run.owner
  if id == nil then return end
  run.owner = nil
  touch_run(run)
  local owner = find_owner(id)
  if owner then
    owner.held = owner.held - 1
    cut(KEY.held, id .. '/' .. run.id)
    if owner.suspect == run.id then owner.suspect = nil end
    owner.cancels[run.id] = nil
    if isHolding then owner.stuck[run.id .. '/' .. format('%.0f', run.fence)] = run.gates or {} end
    touch_owner(id, owner)
  end
  if not isHolding then release_gates(run.gates) end
end
-- Ends an owner for ever. Its runs must have been taken from it.
local function end_owner(id, owner, crashed)
  write(KEY.owners, id, nil)
  owners[id] = owner
  write(KEY.ended, id, crashed)
  put(KEY.endedOrder, id, count('ends'))
  for _, ids in pairs(owner.stuck) do release_gates(ids) end
  if call('ZCARD', KEY.endedOrder) > 5000 then
    make_moves(KEY.endedOrder)
    for _, old in ipairs(call('ZRANGE', KEY.endedOrder, 0, 99)) do
      cut(KEY.endedOrder, old)
      write(KEY.ended, old, nil)
    end
  end
end
local function held_ids(id)
  local prefix, ids = id .. '/', {}
  each_with_prefix(KEY.held, prefix, function(member) ids[#ids + 1] = member:sub(#prefix + 1) end)
  prefetch(KEY.runs, ids)
  return ids
end
-- The run if this owner holds it under that very fence.
local function held_run(owner, id, fence)
  local run = find_run(id)
  if run and owner and run.owner == owner and run.fence == fence then return run end
end
-- Puts a released run back; one that was asked to cancel ends instead.
local function give_back(run)
  if run.cancel then return finish(run, 'cancel', run.cancel) end
  change_state(run, 'release')
  place_run(run)
end
-- Ends a run that stands, asks its owner to end one that runs. The first reason stays.
local function cancel_run(run, reason)
  if run.state == 'pending' or run.state == 'waiting' then
    finish_standing(run, 'cancel', reason)
    return 'cancelled'
  end
  if run.state ~= 'running' then return 'terminal' end
  run.cancel = run.cancel or reason
  touch_run(run)
  if run.owner then
    local owner = find_owner(run.owner)
    if owner then
      owner.cancels[run.id] = true
      touch_owner(run.owner, owner)
    end
    hint('c', run.owner)
  end
  return 'requested'
end

-- A run as replies carry it; rows/run-row.ts reads it.
local function run_out(run)
  local names = {}
  for index, id in ipairs(run.gates or {}) do names[index] = gate_name(id) end
  local attempts = {}
  for index, one in ipairs(run.attempts or {}) do
    attempts[index] = { one[1], one[2], one[3] or '', one[4], number_out(one[5]), number_out(one[6]), one[7] }
  end
  return {
    run.id, run_job(run).name, run.key, run.state, run.trigger, run.schedule or false, number_out(run.slot), run.payload or false,
    run.merging or false, run.priority or 0, number_out(run.runAt), number_out(run.createdAt), number_out(run.startedAt),
    number_out(run.finishedAt), run.overlap, names, run.attempt, run.failures or 0, run.crashes or 0, run.suspect and 1 or 0,
    run.owner or false, run.fence, run.open and 1 or 0, run.triggers, run.cancel or false, run.reason or false,
    run.progress or false, run.result or false, run.failure or false, attempts, run.replayOf or false,
  }
end
`,
}
