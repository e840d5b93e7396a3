/** Deletes history beyond the rules and folds ledger records into counters (engine rule 2). */
import { MAX_SPARED } from '@quarterjack/core/store'
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsPrune: LuaModule = {
  name: 'runs.prune',
  needs: [schedules],
  source: `
local MOST_KEYS_NOTED = 5000
local MAX_SPARED = ${MAX_SPARED}
-- Keys that one call finds to be crowded only by what it spares.
local MOST_SPARING = 500
local left, sparing = request.limit, 0
-- What was triggered and finished after it is spared.
local graceFrom = (fn.given(request.graceMs) or 0) > 0 and now - request.graceMs or INFINITY
local more = false

local function fold(row, outcome, slots, slot)
  row.folded = row.folded or {}
  row.folded[outcome] = (row.folded[outcome] or 0) + slots
  row.horizon = math.max(row.horizon or slot, slot)
  fn.trim_history(row)
end
-- The schedule that a record belongs to, if it is still that one.
local function schedule_of(job, name, ledger)
  local row = name and fn.find_schedule(job, name)
  if row and row.ledger == ledger then return row end
end
local function forget_run(job, run)
  fn.cut(KEY.byAge, fn.age_member(run))
  if run.ledger and run.slot then
    fn.cut(KEY.ledger, fn.ledger_member(run.ledger, run.slot, 'r', run.id))
    local row = schedule_of(job, run.schedule, run.ledger)
    if row then
      local reason = run.reason
      local outcome = run.state
      if outcome == 'skipped' then outcome = 'skipped:' .. ((reason == 'overlap' or reason == 'limit') and reason or 'handler') end
      fold(row, outcome, 1, run.slot)
      fn.touch_schedule(job, row)
    end
  end
  fn.write(KEY.runs, run.id, nil)
end
local function delete_run(job, run)
  fn.unfile(job, run, KIND_OF[run.state])
  forget_run(job, run)
end
-- Deletes the oldest runs of a lot, and the lot with its last one; counts them off. Answers how many there were, and whether none is left.
local function delete_of_lot(job, number, most)
  local lot = fn.read(KEY.lots, number)
  if lot == nil then return 0, true end
  local ids, rest = {}, {}
  for index, id in ipairs(lot.ids) do
    local list = index <= most and ids or rest
    list[#list + 1] = id
  end
  local texts = call('HMGET', KEY.runs, unpack(ids))
  for index, id in ipairs(ids) do
    local text = texts[index]
    if text and text:byte(1) == SUCCEEDED then
      fn.cut(KEY.byAge, job.number .. '/' .. fn.age_in(text) .. '/' .. id)
      fn.write(KEY.runs, id, nil)
    elseif text then
      forget_run(job, fn.find_run(id))
    end
  end
  local row = fn.obtain_key(job, lot.key)
  local count = (row.kinds.s or 0) - #ids
  row.kinds.s = count > 0 and count or nil
  if #rest > 0 then
    fn.write(KEY.lots, number, { key = lot.key, at = lot.at, ids = rest })
  else
    fn.unfile_lot(job, number)
  end
  fn.drop_key_if_empty(job, lot.key)
  left = left - #ids
  return #ids, #rest == 0
end
local function lot_of(name) return name:sub(1, 1) == 'l' and name:sub(2) end
-- What history is about to be looked at.
local function prefetch_filed(members, nameAt)
  local ids = {}
  for _, member in ipairs(members) do
    if member:sub(nameAt, nameAt) == 'r' then ids[#ids + 1] = member:sub(nameAt + 1) end
  end
  fn.prefetch(KEY.runs, ids)
end
local function delete_range(job, skip)
  fn.unfile(job, skip, 'g')
  fn.cut(KEY.ledger, fn.ledger_member(skip.ledger, skip.from, 's', skip.id))
  local row = schedule_of(job, skip.name, skip.ledger)
  if row then
    fold(row, 'skipped:' .. skip.reason, skip.count, skip.to)
    fn.touch_schedule(job, row)
  end
  fn.write(KEY.skips, skip.id, nil)
end
-- Deletes what a member of history names; false where it must stay: a range without a count is counted by the audit first.
local function delete_filed(job, name)
  local id = name:sub(2)
  if name:sub(1, 1) == 'r' then
    local run = fn.find_run(id)
    if run == nil then return false end
    delete_run(job, run)
    return true
  end
  local skip = fn.read(KEY.skips, id)
  if skip == nil or skip.count == nil then return false end
  delete_range(job, skip)
  return true
end
-- When what a member of history names finished, if that is within the grace and it records no slot.
local function spared_at(name)
  if graceFrom >= now then return nil end
  local lot = lot_of(name)
  local at
  if lot then
    local row = fn.read(KEY.lots, lot)
    at = row and row.at
  elseif name:sub(1, 1) == 'r' then
    local run = fn.find_run(name:sub(2))
    at = run and run.ledger == nil and run.finishedAt
  end
  return at and at > graceFrom and at or nil
end
-- False when the limit was reached before the end; otherwise true, and when the first that it spares finished.
local function prune_key(job, key, rule)
  local row = fn.find_key(job, key)
  if row == nil then return true end
  local kinds, sparesFrom = {}, nil
  for kind in pairs(row.kinds) do kinds[#kinds + 1] = kind end
  for _, kind in ipairs(kinds) do
    local excess = row.kinds[kind] - (kind == 'd' and rule.dead or rule.succeeded)
    local prefix, last = fn.filed_prefix(job.number, key, kind), nil
    while excess > 0 do
      -- The oldest tells whether any of the others need be read.
      local most = graceFrom < now and last == nil and 1 or left + 1
      local members = fn.with_prefix(KEY.filed, prefix, math.min(excess, most), last)
      if #members == 0 then break end
      prefetch_filed(members, #prefix + 18)
      for _, member in ipairs(members) do
        local name = member:sub(#prefix + 18)
        local lot, count, isGone = lot_of(name), 1, true
        local sparedAt = spared_at(name)
        local surplus = sparedAt and excess - MAX_SPARED or excess
        if surplus > 0 then
          if left == 0 then return false end
          if lot then
            count, isGone = delete_of_lot(job, lot, math.min(surplus, left))
          elseif delete_filed(job, name) then
            left = left - 1
          end
          excess, surplus = excess - count, surplus - count
        end
        if sparedAt and excess > 0 and surplus <= 0 then
          sparesFrom, excess = math.min(sparesFrom or sparedAt, sparedAt), 0
        elseif excess > 0 and not isGone then
          return false
        end
        if excess <= 0 then break end
        last = member
      end
    end
  end
  return true, sparesFrom
end
-- Keys of which the first that was spared is beyond its grace by now: crowded again. False when there may be more of them.
local function note_spared(prefix)
  local members = fn.with_prefix(KEY.spared, prefix, MOST_SPARING)
  for _, member in ipairs(members) do
    if fn.instant_at(member, #prefix + 1) > graceFrom then return true end
    fn.cut(KEY.spared, member)
    fn.put(KEY.crowded, prefix .. member:sub(#prefix + 20))
  end
  return #members < MOST_SPARING
end
local function prune_by_count(job, rule)
  local prefix = job.number .. '/'
  local isNoted = note_spared(prefix)
  while true do
    local members = fn.with_prefix(KEY.crowded, prefix, 100)
    for _, member in ipairs(members) do
      if sparing == MOST_SPARING then return false end
      local key = member:sub(#prefix + 1)
      local isDone, sparesFrom = prune_key(job, key, rule)
      if not isDone then return false end
      fn.cut(KEY.crowded, member)
      if sparesFrom then
        -- Looked at again when anything ends, or the grace of the first does.
        fn.put(KEY.spared, prefix .. fn.instant_text(sparesFrom) .. '/' .. key)
        sparing = sparing + 1
      end
    end
    if #members < 100 then return isNoted end
  end
end
local function prune_by_age(job, rule)
  local prefix, last = job.number .. '/', nil
  while true do
    local members = fn.with_prefix(KEY.aged, prefix, 200, last)
    prefetch_filed(members, #prefix + 37)
    for _, member in ipairs(members) do
      local finishedAt = tonumber(member:sub(#prefix + 1, #prefix + 18))
      if finishedAt + rule.forMs >= now then return true end
      if left == 0 then return false end
      local name = member:sub(#prefix + 37)
      local lot = lot_of(name)
      if lot then
        local _, isGone = delete_of_lot(job, lot, left)
        if not isGone then return false end
      elseif delete_filed(job, name) then
        left = left - 1
      end
      last = member
    end
    if #members < 200 then return true end
  end
end
-- A new rule: any key may have too much by it. So many at a time.
local function note_keys(job, rule)
  if job.keepSucceeded ~= rule.succeeded or job.keepDead ~= rule.dead then
    job.keepSucceeded, job.keepDead, job.notedUpTo = rule.succeeded, rule.dead, ''
    fn.touch(job)
  end
  if job.notedUpTo == nil then return true end
  local prefix = job.number .. '/'
  local members = fn.with_prefix(KEY.keyNames, prefix, MOST_KEYS_NOTED, job.notedUpTo ~= '' and job.notedUpTo or nil)
  for _, member in ipairs(members) do fn.put(KEY.crowded, member) end
  job.notedUpTo = members[MOST_KEYS_NOTED]
  fn.touch(job)
  return job.notedUpTo == nil
end
for _, rule in ipairs(request.rules) do
  local job = fn.find_job(rule.job)
  if job then
    local isNoted = note_keys(job, rule)
    local isDone = prune_by_count(job, rule) and prune_by_age(job, rule)
    more = more or not isNoted or not isDone
  end
end
return fn.answer({ request.limit - left, more and 1 or 0 })
`,
}
