/**
 * After rows of runs were deleted: entries that lead to none go, and what was counted of runs is counted again, gates too. Steps, in
 * their order: 'rows', 'entries', 'standing', 'gates', 'ages'. The last one makes good what the damage is known by, so that a
 * process that dies in between leaves the rest to the next one.
 */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const mendRuns: LuaModule = {
  name: 'mend.runs',
  needs: [takeOver],
  source: `
local AT_ONCE = 500
-- So many unfinished runs are counted in one call, beside those of one job, which are counted together.
local MOST_COUNTED = 2000
-- 0, or which of several indexes is looked at, and the member after which to go on.
local function place_of(cursor)
  local place, last = cursor:match('^(%d+):(.*)$')
  return tonumber(place) or 1, last ~= '' and last or nil
end
-- Pages of several indexes, one after the other; the next cursor.
local function page_of(indexes, visit)
  local place, last = place_of(request.cursor)
  local members = fn.with_prefix(indexes[place][1], '', AT_ONCE, last)
  for _, member in ipairs(members) do visit(indexes[place], member) end
  if #members == AT_ONCE then return place .. ':' .. members[AT_ONCE] end
  return indexes[place + 1] and place + 1 .. ':' or '0'
end

-- A row stands where its age is looked up; one whose job is gone is nobody's.
local function mend_rows()
  local page = call('HSCAN', KEY.runs, request.cursor, 'COUNT', AT_ONCE)
  for index = 1, #page[2], 2 do
    local run = fn.unpacked(KEY.runs, page[2][index + 1])
    run.id = page[2][index]
    if fn.run_job(run) == nil then fn.write(KEY.runs, run.id, nil) else fn.put(run.stands == 'plain' and KEY.plain or KEY.byAge, fn.age_member(run)) end
  end
  return page[1]
end
local function mend_ages()
  return page_of({ { KEY.plain, 'plain' }, { KEY.byAge } }, function(index, member)
    local run = fn.find_run(member:sub(member:find('/', 1, true) + AGE_LENGTH + 1))
    local stands = run and run.stands == 'plain' and 'plain' or nil
    if run == nil or index[2] ~= stands or fn.age_member(run) ~= member then fn.cut(index[1], member) end
  end)
end

-- Of indexes: where the id begins in a member, behind the job's number, or nil where none is named; and what else goes with it.
local function id_after(length) return function(_, at) return at + length end end
local function named_at(member, at)
  if member:sub(at, at) == 'r' then return at + 1 end
end
local function unfile(member, at)
  local job = fn.job_by_number(member:sub(1, at - 2))
  local key, kindAt = fn.bounded_at(member, at)
  local row, kind = job and fn.find_key(job, key), member:sub(kindAt, kindAt)
  if row == nil or row.kinds[kind] == nil then return end
  row.kinds[kind] = row.kinds[kind] > 1 and row.kinds[kind] - 1 or nil
  fn.obtain_key(job, key)
  fn.drop_key_if_empty(job, key)
end
local function leave_line(member)
  local id, numberAt = fn.bounded_at(member, 1)
  local gate = fn.read(KEY.gates, id)
  local line = gate and gate.lines[member:match('^%d+', numberAt)]
  if line == nil then return end
  line.waiting, gate.waiting = line.waiting - 1, gate.waiting - 1
  fn.write(KEY.gates, id, gate)
  fn.forget_if_idle(id, gate)
end
local function alive_at(member, at)
  local _, ageAt = fn.bounded_at(member, at)
  return ageAt + AGE_LENGTH
end
local function filed_at(member, at)
  local _, kindAt = fn.bounded_at(member, at)
  return named_at(member, kindAt + 2 + PLACE_LENGTH)
end
local function aged_at(member, at) return named_at(member, at + INSTANT_LENGTH + PLACE_LENGTH) end
local function line_at(member)
  local _, numberAt = fn.bounded_at(member, 1)
  return member:find('/', numberAt, true) + 1 + ORDER_LENGTH
end
local function mend_entries()
  local indexes = {
    { KEY.ready, id_after(ORDER_LENGTH) }, { KEY.suspects, id_after(ORDER_LENGTH) }, { KEY.delayed, id_after(LATER_LENGTH) },
    { KEY.alive, alive_at }, { KEY.filed, filed_at, unfile }, { KEY.aged, aged_at }, { KEY.lines, line_at, leave_line },
  }
  return page_of(indexes, function(index, member)
    local behind = member:find('/', 1, true) + 1
    local at = index[2](member, behind)
    if at and call('HEXISTS', KEY.runs, member:sub(at)) == 0 then
      fn.cut(index[1], member)
      if index[3] then index[3](member, behind) end
    end
  end)
end

-- What is held, and what waits in lines, by the number of its job.
local function held_and_waiting()
  local ids = {}
  local function add(id)
    local run = fn.find_run(id)
    if run == nil then return end
    ids[run.job] = ids[run.job] or {}
    ids[run.job][id] = true
  end
  for _, owner in ipairs(call('ZRANGE', KEY.ownerEnds, 0, -1)) do
    for _, id in ipairs(fn.held_ids(owner)) do add(id) end
  end
  fn.each_with_prefix(KEY.lines, '', function(member) add(member:sub(line_at(member))) end)
  return ids
end
local function count_job(job, ids)
  local prefix, counted, plain, keys, promoted = job.number .. '/', { pending = 0, waiting = 0, running = 0 }, 0, {}, {}
  for kind, length in pairs({ plain = AGE_LENGTH, ready = ORDER_LENGTH, suspects = ORDER_LENGTH, delayed = LATER_LENGTH }) do
    fn.each_with_prefix(KEY_OF[kind], prefix, function(member) ids[member:sub(#prefix + length + 1)] = true end)
  end
  local function key_of(name)
    keys[name] = keys[name] or { alive = 0, busy = 0, standing = 0 }
    return keys[name]
  end
  local function add_text(text)
    local key = key_of((fn.bounded_at(text, #prefix + 2)))
    counted.pending, key.alive, key.busy = counted.pending + 1, key.alive + 1, key.busy + 1
    if text:byte(1) == IN_LINE then plain = plain + 1 end
  end
  local function add_row(id, run)
    if counted[run.state] == nil then return end
    counted[run.state] = counted[run.state] + 1
    if run.stands == 'plain' then plain = plain + 1 end
    if run.promotedBy then promoted[run.promotedBy] = (promoted[run.promotedBy] or 0) + 1 end
    local key = key_of(run.key)
    key.alive = key.alive + 1
    if not run.debounced or run.fence > 0 then key.busy = key.busy + 1 end
    if run.trigger == 'schedule' and run.state ~= 'running' then key.standing = key.standing + 1 end
    if run.open then key.open = id end
  end
  local list = {}
  for id in pairs(ids) do list[#list + 1] = id end
  -- Of many, most are texts that wait, of which only the key is read.
  fn.each_chunk(list, 200, function(from, to)
    for index, text in ipairs(call('HMGET', KEY.runs, unpack(list, from, to))) do
      local kind = text and text:byte(1)
      if kind == IN_LINE or kind == PENDING then add_text(text) elseif text then add_row(list[from + index - 1], fn.unpacked(KEY.runs, text)) end
    end
  end)
  -- What of a line has no row any more is still counted with it.
  job.pending, job.waiting, job.running = counted.pending - plain + job.plain, counted.waiting, counted.running
  fn.touch(job)
  fn.each_with_prefix(KEY.keyNames, prefix, function(member) key_of(member:sub(#prefix + 1)) end)
  for key, found in pairs(keys) do
    local row = fn.obtain_key(job, key)
    row.alive, row.busy, row.standing, row.open = found.alive, found.busy, found.standing, found.open
    fn.drop_key_if_empty(job, key)
  end
  for _, id in ipairs(call('HKEYS', KEY.gates)) do
    local gate = fn.read(KEY.gates, id)
    local line = gate and gate.lines[job.number]
    if line then
      line.promoted = promoted[id] or 0
      fn.write(KEY.gates, id, gate)
      fn.forget_if_idle(id, gate)
    end
  end
  return #list
end
local function mend_standing()
  local numbers, others, left = {}, held_and_waiting(), MOST_COUNTED
  for _, number in ipairs(call('HKEYS', KEY.jobs)) do
    if tonumber(number) > tonumber(request.cursor) then numbers[#numbers + 1] = number end
  end
  table.sort(numbers, function(a, b) return tonumber(a) < tonumber(b) end)
  for index, number in ipairs(numbers) do
    left = left - count_job(fn.job_by_number(number), others[number] or {})
    if left <= 0 and index < #numbers then return number end
  end
  return '0'
end

-- The owner of what a member of 'held' names, and its runs as far as they are its own. Nil where there are no rows.
local function held_by(member)
  local lotAt, from = member:find('/' .. LOT, 1, true), 1
  if lotAt then
    local id, lot, own = member:sub(1, lotAt - 1), member:sub(lotAt + 2), {}
    local claimed = fn.read(KEY.heldLots, lot) or {}
    for index, runId in ipairs(claimed) do
      local run = fn.find_run(runId)
      if run and run.owner == id and run.fence == lot + index - 1 then own[#own + 1] = run end
    end
    return id, own, lot, #claimed
  end
  while true do
    local slash = member:find('/', from, true)
    if slash == nil then return nil end
    local run = fn.find_run(member:sub(slash + 1))
    if run and run.owner == member:sub(1, slash - 1) then return run.owner, { run } end
    from = slash + 1
  end
end
-- Owners hold what has a row; runs of owners that have none are up for others. Answers how often each gate is held.
local function mend_owners()
  local members, counts, lots, holders, orphans = {}, {}, {}, {}, {}
  local function hold(ids)
    for _, gate in ipairs(ids or {}) do holders[gate] = (holders[gate] or 0) + 1 end
  end
  fn.each_with_prefix(KEY.held, '', function(member) members[#members + 1] = member end)
  for _, member in ipairs(members) do
    local id, own, lot, claimed = held_by(member)
    local isKnown = id and fn.find_owner(id)
    if isKnown and #own > 0 then
      counts[id] = (counts[id] or 0) + #own
      for _, run in ipairs(own) do hold(run.gates) end
      if lot then
        lots[id] = lots[id] or {}
        lots[id][lot] = { claimed, #own }
      end
    else
      fn.cut(KEY.held, member)
      if lot then fn.write(KEY.heldLots, lot, nil) end
      for _, run in ipairs(own or {}) do orphans[#orphans + 1] = run end
    end
  end
  for _, id in ipairs(call('HKEYS', KEY.owners)) do
    local owner = fn.find_owner(id)
    owner.held, owner.lots = counts[id] or 0, lots[id]
    if owner.suspect and fn.find_run(owner.suspect) == nil then owner.suspect = nil end
    for runId in pairs(owner.cancels) do
      if fn.find_run(runId) == nil then owner.cancels[runId] = nil end
    end
    for _, ids in pairs(owner.stuck) do hold(ids) end
    fn.touch_owner(id, owner)
  end
  for _, gate in ipairs(call('ZRANGE', KEY.leases, 0, -1)) do hold({ gate }) end
  for _, run in ipairs(orphans) do fn.abandon(run, { survived = true }) end
  return holders, #orphans > 0
end
local function mend_gates()
  -- Whoever executes what has no row may go on with that as long as its lease lasts.
  local last = tonumber(call('ZRANGE', KEY.holders, -1, -1, 'WITHSCORES')[2]) or 0
  local holders, isFreed = mend_owners()
  for _, id in ipairs(call('HKEYS', KEY.gates)) do holders[id] = holders[id] or 0 end
  for id, held in pairs(holders) do
    local gate = fn.obtain_gate(id)
    isFreed = isFreed or gate.held > held
    gate.held = held
    fn.let_go(id, gate)
  end
  if isFreed then
    fn.set('claimsFrom', math.max(meta.claimsFrom, last))
    fn.set('leasesFrom', math.max(meta.leasesFrom, last))
  end
  return '0'
end

local steps = { rows = mend_rows, entries = mend_entries, standing = mend_standing, gates = mend_gates, ages = mend_ages }
return fn.answer(steps[request.step]())
`,
}
