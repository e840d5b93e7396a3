/** Gives a job a new name. Rows and indexes know it by its number, so that all but what came under the new name before stays. */
import type { LuaModule } from '../lua-module.ts'
import { limits } from './limits.ts'

export const renameJob: LuaModule = {
  name: 'rename-job',
  needs: [limits],
  source: `
-- In indexes of jobs the name is the member.
function fn.leave_indexes(job)
  fn.cut(KEY.readyJobs, job.name)
  fn.tell_line(job, '')
  fn.cut(KEY.timed, job.name)
  fn.cut(KEY.dueJobs, job.name)
  fn.count_indexed('dueJobs', job.dueAt, nil)
  job.turn, job.timedAt, job.dueAt = nil, nil, nil
  dueChanged[job.number] = job
  fn.touch(job)
end
function fn.gates_of_early(gates, early, job)
  local moved = {}
  for index, id in ipairs(gates or {}) do
    if id == 'j' .. early.number then id = 'j' .. job.number
    elseif id:sub(1, #early.number + 2) == 'k' .. early.number .. '/' then id = 'k' .. job.number .. id:sub(#early.number + 2) end
    moved[index] = id
  end
  return #moved > 0 and moved or nil
end
-- Runs of lots are filed one by one, so that each may move.
function fn.open_lots(job)
  local prefix, numbers = job.number .. '/', {}
  fn.each_with_prefix(KEY.aged, prefix, function(member)
    if member:sub(#prefix + 37, #prefix + 37) == 'l' then numbers[#numbers + 1] = member:sub(#prefix + 38) end
  end)
  for _, number in ipairs(numbers) do
    local lot = fn.read(KEY.lots, number)
    if lot then fn.unfile_lot(job, number) end
    for _, id in ipairs(lot and lot.ids or {}) do
      fn.put(KEY.filed, fn.filed_prefix(job.number, lot.key, 's') .. number .. '/r' .. id)
      fn.put(KEY.aged, prefix .. fn.instant_text(lot.at) .. '/' .. number .. '/r' .. id)
    end
  end
end
-- Moves one run to another job.
function fn.move_run(run, early, job)
  local isAlive = run.finishedAt == nil
  local isRunning = run.state == 'running'
  if isAlive and not isRunning then
    if run.state == 'waiting' then fn.unwait(run) else fn.withdraw(run) end
  elseif isRunning then
    fn.release_gates(run.gates)
  else
    fn.unfile(early, run, KIND_OF[run.state])
  end
  fn.count_state(run, -1)
  local key = fn.obtain_key(early, run.key)
  local isCounted = isAlive and (not run.debounced or run.fence > 0)
  if isAlive then
    key.alive = key.alive - 1
    fn.cut(KEY.alive, fn.alive_member(run))
  end
  if isCounted then key.busy = key.busy - 1 end
  if key.open == run.id then key.open = nil end
  fn.cut(KEY.byAge, fn.age_member(run))
  fn.drop_key_if_empty(early, run.key)
  run.job = job.number
  run.gates = fn.gates_of_early(run.gates, early, job)
  fn.put(KEY.byAge, fn.age_member(run))
  local home = fn.obtain_key(job, run.key)
  if isAlive then
    home.alive = home.alive + 1
    fn.put(KEY.alive, fn.alive_member(run))
  end
  if isCounted then home.busy = home.busy + 1 end
  -- One run of a key takes triggers in: the one that came first.
  if run.open and home.open == nil then home.open = run.id else run.open = nil end
  fn.touch_run(run)
  fn.count_state(run, 1)
  if not isAlive then fn.file(job, run, KIND_OF[run.state])
  elseif isRunning then fn.hold_gates(run.gates)
  else fn.place_run(run) end
end
function fn.move_schedule(row, early, job)
  fn.each_with_prefix(KEY.ledger, row.ledger .. '/', function(member)
    local id = member:sub(#row.ledger + 22)
    local skip = member:sub(#row.ledger + 21, #row.ledger + 21) == 's' and fn.read(KEY.skips, id)
    if skip then
      fn.unfile(early, skip, 'g')
      skip.job = job.number
      fn.file(job, skip, 'g')
      fn.write(KEY.skips, id, skip)
    end
  end)
  local name = row.name
  fn.remove_schedule(early, row)
  if fn.find_schedule(job, name) then return end
  row.name, row.indexedAt = name, nil
  if fn.is_static(name) then job.statics[#job.statics + 1] = name else fn.add('dynamic', 1) end
  job.schedules = job.schedules + 1
  fn.put(KEY.scheduleNames, fn.schedule_field(job, name))
  fn.index_schedule(job, row)
end
-- What is remembered of a job's requests.
function fn.move_remembered(key, ends, early, job)
  local prefix = early.number .. '/'
  local cursor = '0'
  repeat
    local page = call('HSCAN', key, cursor, 'MATCH', prefix .. '*', 'COUNT', 500)
    cursor = page[1]
    for index = 1, #page[2], 2 do
      local field = page[2][index]
      local one, to = fn.read(key, field), job.number .. '/' .. field:sub(#prefix + 1)
      if one then
        if fn.read(key, to) == nil then
          fn.write(key, to, one)
          fn.put(ends, to, one.endsAt)
        end
        fn.write(key, field, nil)
        fn.cut(ends, field)
      end
    end
  until cursor == '0'
end
-- The row of 'job' keeps everything; what came under the new name before its definition joins it.
function fn.rename_job(job, name)
  local early = fn.find_job(name)
  fn.leave_indexes(job)
  call('HDEL', KEY.jobNumbers, job.name)
  numbers[job.name] = false
  if early then fn.leave_indexes(early) end
  fn.name_job(job, name)
  if early == nil then return end
  fn.open_lots(early)
  local prefix, ids, names = early.number .. '/', {}, {}
  for _, key in ipairs({ KEY.byAge, KEY.plain }) do
    fn.each_with_prefix(key, prefix, function(member) ids[#ids + 1] = member:sub(#prefix + AGE_LENGTH + 1) end)
  end
  fn.each_with_prefix(KEY.scheduleNames, prefix, function(member) names[#names + 1] = member:sub(#prefix + 1) end)
  fn.prefetch(KEY.runs, ids)
  for _, id in ipairs(ids) do
    local run = fn.find_run(id)
    if run then fn.move_run(run, early, job) end
  end
  for _, one in ipairs(names) do
    local row = fn.find_schedule(early, one)
    if row then fn.move_schedule(row, early, job) end
  end
  if job.suspendedAt == nil then job.suspendedAt, job.suspendedReason = early.suspendedAt, early.suspendedReason end
  -- Keys of what moved are looked at again anyway.
  fn.each_with_prefix(KEY.spared, prefix, function(member) fn.cut(KEY.spared, member) end)
  fn.move_remembered(KEY.idempotent, KEY.idempotentEnds, early, job)
  fn.move_remembered(KEY.windows, KEY.windowEnds, early, job)
  for _, key in ipairs({ KEY.readyJobs, KEY.timed, KEY.dueJobs }) do fn.cut(key, name) end
  dueChanged[early.number] = nil
  fn.write(KEY.jobs, early.number, nil)
  fn.leave_indexes(job)
end
`,
}
