/** Deletes history beyond the rules and folds ledger records into counters (engine rule 2). */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsPrune: LuaModule = {
  name: 'runs.prune',
  needs: [schedules],
  source: `
local MOST_KEYS_NOTED = 5000
local left = request.limit
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
local function delete_run(job, run)
  fn.unfile(job, run, KIND_OF[run.state])
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
-- False when the limit was reached before the end.
local function prune_key(job, key, rule)
  local row = fn.find_key(job, key)
  if row == nil then return true end
  local kinds = {}
  for kind in pairs(row.kinds) do kinds[#kinds + 1] = kind end
  for _, kind in ipairs(kinds) do
    local excess = row.kinds[kind] - (kind == 'd' and rule.dead or rule.succeeded)
    local prefix, last = fn.filed_prefix(job.number, key, kind), nil
    while excess > 0 do
      local members = fn.with_prefix(KEY.filed, prefix, math.min(excess, left + 1), last)
      if #members == 0 then break end
      local ids = {}
      for index, member in ipairs(members) do ids[index] = member:sub(#prefix + 19) end
      fn.prefetch(KEY.runs, ids)
      for _, member in ipairs(members) do
        if left == 0 then return false end
        if delete_filed(job, member:sub(#prefix + 18)) then left = left - 1 end
        excess = excess - 1
        last = member
      end
    end
  end
  return true
end
local function prune_by_count(job, rule)
  local prefix = job.number .. '/'
  while true do
    local members = fn.with_prefix(KEY.crowded, prefix, 100)
    for _, member in ipairs(members) do
      if not prune_key(job, member:sub(#prefix + 1), rule) then return false end
      fn.cut(KEY.crowded, member)
    end
    if #members < 100 then return true end
  end
end
local function prune_by_age(job, rule)
  local prefix, last = job.number .. '/', nil
  while true do
    local members = fn.with_prefix(KEY.aged, prefix, 200, last)
    local ids = {}
    for index, member in ipairs(members) do ids[index] = member:sub(#prefix + 38) end
    fn.prefetch(KEY.runs, ids)
    for _, member in ipairs(members) do
      local finishedAt = tonumber(member:sub(#prefix + 1, #prefix + 18))
      if finishedAt + rule.forMs >= now then return true end
      if left == 0 then return false end
      if delete_filed(job, member:sub(#prefix + 37)) then left = left - 1 end
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
