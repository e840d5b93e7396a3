/**
 * After rows of runs were deleted: what jobs, keys, gates and owners count of runs is counted anew, from nothing, so many runs at a
 * time. Nobody else may write meanwhile: each call makes whatever others were told of the prefix old, so that they are refused and
 * wait, and stops where somebody wrote all the same. Whoever asks then begins anew.
 *
 * Steps, in their order: 'begin', 'jobs', 'keys', 'gates', 'leases', 'owners', 'standing', 'held', 'orphans', 'free'. They answer
 * where to go on, '0' at the end, or 'stop'. 'writes' in the request is the number that the step before left.
 */
import { mending } from '../lua/mending.ts'
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const recountRuns: LuaModule = {
  name: 'mend.counts',
  needs: [mending, takeOver],
  source: `
-- A member of 'held' may be a lot of many runs: so many are enough for one call.
local AT_ONCE, ENOUGH_HELD = 500, 500
local function page_of_rows(key, visit)
  local page, fields = call('HSCAN', key, request.cursor, 'COUNT', AT_ONCE), {}
  for index = 1, #page[2], 2 do fields[#fields + 1] = page[2][index] end
  fn.prefetch(key, fields)
  for _, field in ipairs(fields) do
    local row = fn.read(key, field)
    if row then visit(field, row) end
  end
  return page[1]
end

-- From nothing. What stands in lines is never counted in rows of jobs.
local function clear_job(_, job)
  job.pending, job.waiting, job.running = job.plain, 0, 0
  fn.touch(job)
end
local function clear_key(field, row)
  row.alive, row.busy, row.standing, row.open = 0, 0, 0, nil
  if next(row.kinds) ~= nil and fn.job_by_number(field:match('^%d+')) then
    fn.write(KEY.keys, field, row)
    fn.put(KEY.keyNames, field)
  else
    fn.write(KEY.keys, field, nil)
    fn.cut(KEY.keyNames, field)
    fn.cut(KEY.crowded, field)
  end
end
-- Leases are known by their gates.
local function clear_gate(id, gate)
  gate.held, gate.waiting, gate.lines = gate.lease and 1 or 0, 0, {}
  if gate.lease then fn.put(KEY.leases, id, gate.lease.expiresAt) end
  fn.write(KEY.gates, id, gate)
end
-- Where the gate is gone, who had the lease is not known any more: until its end it is nobody's.
local function mend_leases()
  local from = tonumber(request.cursor)
  local found = call('ZRANGE', KEY.leases, from, from + AT_ONCE - 1, 'WITHSCORES')
  for index = 1, #found, 2 do
    local gate = fn.obtain_gate(found[index])
    if gate.lease == nil then
      gate.lease = { holder = '', fence = 0, expiresAt = tonumber(found[index + 1]) }
      gate.held = gate.held + 1
    end
  end
  return #found == 2 * AT_ONCE and format('%d', from + AT_ONCE) or '0'
end
-- There are as many as processes.
local function mend_owners()
  for _, id in ipairs(call('HKEYS', KEY.owners)) do
    local owner = fn.find_owner(id)
    owner.held, owner.lots = 0, nil
    if owner.suspect and fn.find_run(owner.suspect) == nil then owner.suspect = nil end
    for runId in pairs(owner.cancels) do
      if fn.find_run(runId) == nil then owner.cancels[runId] = nil end
    end
    for _, ids in pairs(owner.stuck) do fn.hold_gates(ids) end
    fn.touch_owner(id, owner)
  end
  return '0'
end

local function line_of(gate, number)
  gate.lines[number] = gate.lines[number] or { waiting = 0, promoted = 0 }
  return gate.lines[number]
end
local function count_run(job, run)
  local key = fn.obtain_key(job, run.key)
  key.alive = key.alive + 1
  if not run.debounced or run.fence > 0 then key.busy = key.busy + 1 end
  if run.trigger == 'schedule' and run.state ~= 'running' then key.standing = key.standing + 1 end
  if run.open then key.open = run.id end
  if run.stands ~= 'plain' then job[run.state] = job[run.state] + 1 end
  if run.promotedBy then
    local line = line_of(fn.obtain_gate(run.promotedBy), run.job)
    line.promoted = line.promoted + 1
  end
  fn.touch(job)
end
-- Of each index: where the id begins in a member.
local STANDING = { { 'plain', AGE_LENGTH }, { 'ready', ORDER_LENGTH }, { 'suspects', ORDER_LENGTH }, { 'delayed', LATER_LENGTH }, { 'lines', ORDER_LENGTH } }
local function count_standing()
  local place, last = request.cursor:match('^(%d):(.*)$')
  place = tonumber(place) or 1
  local kind, length = STANDING[place][1], STANDING[place][2]
  local key = KEY_OF[kind] or KEY.lines
  local members, ids, gates = fn.with_prefix(key, '', AT_ONCE, last ~= '' and last or nil), {}, {}
  for index, member in ipairs(members) do
    local at = 1
    if kind == 'lines' then gates[index], at = fn.bounded_at(member, 1) end
    ids[index] = member:sub(member:find('/', at, true) + length + 1)
  end
  fn.prefetch(KEY.runs, ids)
  for index, member in ipairs(members) do
    local run, id = fn.find_run(ids[index]), gates[index]
    local job = run and fn.run_job(run)
    local isThere = run and (id and run.state == 'waiting' and run.gate == id or not id and run.state == 'pending' and run.stands == kind)
    if job and isThere then
      count_run(job, run)
      if id then
        local gate = fn.obtain_gate(id)
        local line = line_of(gate, run.job)
        line.waiting, gate.waiting = line.waiting + 1, gate.waiting + 1
      end
    else
      fn.cut(key, member)
    end
  end
  if #members == AT_ONCE then return place .. ':' .. members[AT_ONCE] end
  return STANDING[place + 1] and place + 1 .. ':' or '0'
end

-- Both an owner's and a run's id may have slashes.
local function each_cut(member, visit)
  local slash = member:find('/', 1, true)
  while slash do
    if visit(member:sub(1, slash - 1), member:sub(slash + 1)) then return end
    slash = member:find('/', slash + 1, true)
  end
end
-- The owner of what a member of 'held' names, its runs as far as they are its own, and of a lot its name and size.
local function held_by(member)
  local lotAt, owner, own = member:find('/' .. LOT, 1, true), nil, {}
  if lotAt then
    local lot = member:sub(lotAt + 2)
    local claimed = fn.read(KEY.heldLots, lot) or {}
    owner = member:sub(1, lotAt - 1)
    fn.prefetch(KEY.runs, claimed)
    for index, runId in ipairs(claimed) do
      local run = fn.find_run(runId)
      if run and run.owner == owner and run.fence == lot + index - 1 then own[#own + 1] = run end
    end
    return owner, own, lot, #claimed
  end
  each_cut(member, function(id, runId)
    local run = fn.find_run(runId)
    if run and run.owner == id then owner, own = id, { run } end
    return run and run.owner == id
  end)
  return owner, own
end
-- What is held, page by page; members that lead to nothing go.
local function page_of_held(visit)
  local last = request.cursor:match('^:(.*)$')
  local members, ids, lots, count = fn.with_prefix(KEY.held, '', AT_ONCE, last), {}, {}, 0
  for _, member in ipairs(members) do
    each_cut(member, function(_, id)
      if id:sub(1, 1) == LOT then lots[#lots + 1] = id:sub(2) else ids[#ids + 1] = id end
    end)
  end
  fn.prefetch(KEY.runs, ids)
  fn.prefetch(KEY.heldLots, lots)
  for index, member in ipairs(members) do
    local id, own, lot, claimed = held_by(member)
    local isKept = #own > 0 and visit(id, own, lot, claimed)
    if not isKept then
      fn.cut(KEY.held, member)
      if lot then fn.write(KEY.heldLots, lot, nil) end
    end
    count = count + math.max(1, claimed or 1)
    if count >= ENOUGH_HELD and (index < #members or #members == AT_ONCE) then return ':' .. member end
  end
  return '0'
end
local function count_held(id, own, lot, claimed)
  local owner = fn.find_owner(id)
  for _, run in ipairs(own) do
    count_run(fn.run_job(run), run)
    fn.hold_gates(run.gates)
  end
  if owner then
    owner.held = owner.held + #own
    if lot then
      owner.lots = owner.lots or {}
      owner.lots[lot] = { claimed, #own }
    end
    fn.touch_owner(id, owner)
  end
  return true
end
-- Runs of owners that have no row are up for others, as soon as runs are given again.
local function abandon_held(id, own)
  if fn.find_owner(id) then return true end
  for _, run in ipairs(own) do fn.abandon(run, { survived = true }) end
end
local function mend_orphans()
  local cursor = page_of_held(abandon_held)
  if cursor ~= '0' then return cursor end
  for _, id in ipairs(call('ZRANGE', KEY.holders, 0, -1)) do
    if fn.find_owner(id) == nil then fn.cut(KEY.holders, id) end
  end
  return '0'
end
local function free_gate(id, gate)
  if next(gate.lines) ~= nil or #gate.bids > 0 then fn.let_go(id, gate) else fn.forget_if_idle(id, gate) end
end

local steps = {
  jobs = function() return page_of_rows(KEY.jobs, clear_job) end,
  keys = function() return page_of_rows(KEY.keys, clear_key) end,
  gates = function() return page_of_rows(KEY.gates, clear_gate) end,
  leases = mend_leases,
  owners = mend_owners,
  standing = count_standing,
  held = function() return page_of_held(count_held) end,
  orphans = mend_orphans,
  free = function() return page_of_rows(KEY.gates, free_gate) end,
}
local isFirst = request.step == 'begin'
if not fn.is_mender() or meta.epoch == '' or not (isFirst or meta.writes == request.writes) then return fn.answer('stop') end
fn.go_on_mending()
fn.next_epoch()
return fn.answer(isFirst and '0' or steps[request.step]())
`,
}
