/** What is due of an owner's jobs: an equal share of each first, then what others left. What many processes could fire, they divide. */
import type { LuaModule } from '../lua-module.ts'
import { schedules } from './schedules.ts'
import { tick } from './tick.ts'

export const dueShares: LuaModule = {
  name: 'due-shares',
  needs: [schedules, tick],
  source: `
-- So many are not worth the work of two processes: what one owner was told of, others are not told of for a while. It is advice:
-- who is told all the same, fires no less.
local MANY, TOLD_FOR_MS, MOST_TOLD = 50, 50, 20

-- Notes stand on the job: owner, first member, how many, and until when. Those of an owner end when it asks again.
function fn.told_to_others(job, id)
  local others, count = {}, 0
  for _, told in ipairs(job.told or {}) do
    if told[1] ~= id and now < told[4] and told[4] <= now + TOLD_FOR_MS then
      others[#others + 1] = told
      count = count + told[3]
    end
  end
  return others, count
end
function fn.note_told(job, id, rows, isAlone)
  local left = fn.told_to_others(job, id)
  if #rows >= MANY and #left < MOST_TOLD and not isAlone then
    left[#left + 1] = { id, fn.due_member(job, rows[1].indexedAt, rows[1].name), #rows, now + TOLD_FOR_MS }
  end
  if #left == 0 and job.told == nil then return end
  job.told = #left > 0 and left or nil
  fn.touch(job)
end
-- Due members of a job beside what others were told of; and when there may be more, where something was left out.
function fn.due_members(job, id, limit)
  local prefix, now_text = job.number .. '/', fn.instant_text(now) .. '0'
  local others, count = fn.told_to_others(job, id)
  local read = call('ZRANGEBYLEX', KEY.due, '[' .. prefix, '(' .. prefix .. now_text, 'LIMIT', 0, limit + count)
  if #others == 0 then return read, nil end
  local byFirst, members, skipping, moreAt = {}, {}, 0, nil
  for _, told in ipairs(others) do byFirst[told[2]] = told end
  for _, member in ipairs(read) do
    local told = byFirst[member]
    if told then
      skipping = math.max(skipping, told[3])
      moreAt = math.min(moreAt or INFINITY, told[4])
    end
    if skipping > 0 then skipping = skipping - 1 elseif #members < limit then members[#members + 1] = member end
  end
  if moreAt then
    local later = call('ZRANGEBYLEX', KEY.due, '[' .. prefix .. now_text, '(' .. prefix .. '\\255', 'LIMIT', 0, 1)[1]
    if later then moreAt = math.min(moreAt, fn.instant_at(later, #prefix + 1)) end
  end
  return members, moreAt
end
local moreAtOf = {}
function fn.due_rows(job, id, limit)
  local prefix = job.number .. '/'
  local members, moreAt = fn.due_members(job, id, limit)
  moreAtOf[job.name] = moreAt
  local names, fields = {}, {}
  for index, member in ipairs(members) do
    names[index] = member:sub(#prefix + 20)
    fields[index] = prefix .. names[index]
  end
  fn.prefetch(KEY.schedules, fields)
  local rows = {}
  for _, name in ipairs(names) do
    local row = fn.find_schedule(job, name)
    if row then rows[#rows + 1] = row end
  end
  return rows
end
function fn.due_shares(id, owner, limit)
  fn.make_moves(KEY.due)
  fn.make_moves(KEY.dueJobs)
  local jobs = {}
  for _, name in ipairs(call('ZRANGEBYSCORE', KEY.dueJobs, '-inf', now)) do
    local job = owner.jobs[name] and fn.find_job(name)
    if job then jobs[#jobs + 1] = job end
  end
  if #jobs == 0 then return {}, {} end
  local first = #jobs > 1 and fn.count('turns') % #jobs or 0
  local equal, left, shares = math.ceil(limit / #jobs), limit, {}
  for place = 1, #jobs do
    local job = jobs[(first + place - 1) % #jobs + 1]
    local rows = fn.due_rows(job, id, math.min(equal, left))
    shares[place] = { job = job, rows = rows }
    left = left - #rows
  end
  for _, share in ipairs(shares) do
    if left > 0 and #share.rows == equal then
      local rows = fn.due_rows(share.job, id, #share.rows + left)
      left = left - (#rows - #share.rows)
      share.rows = rows
    end
  end
  local isAlone = call('ZCOUNT', KEY.ownerEnds, '(' .. format('%.17g', now), '+inf') < 2
  local found, stretches = {}, {}
  for _, share in ipairs(shares) do
    fn.note_told(share.job, id, share.rows, isAlone)
    if #share.rows > 0 and #share.job.stretches > 0 then stretches[#stretches + 1] = { share.job.name, fn.stretches_out(share.job.stretches) } end
    for _, row in ipairs(share.rows) do found[#found + 1] = { dueAt = row.nextDueAt, row = fn.schedule_out(share.job, row) } end
  end
  if #shares > 1 then table.sort(found, function(a, b) return a.dueAt < b.dueAt end) end
  local rows = {}
  for index, one in ipairs(found) do rows[index] = one.row end
  return rows, stretches
end
-- When to ask again, where all that is due was left to others; nil where that is not so.
function fn.due_after_others(owner)
  if next(moreAtOf) == nil then return nil end
  local earliest = INFINITY
  for _, at in pairs(moreAtOf) do earliest = math.min(earliest, at) end
  local _, dueAt = fn.first_of(KEY.dueJobs, function(name) return owner.jobs[name] ~= nil and moreAtOf[name] == nil end)
  return math.min(earliest, dueAt or INFINITY)
end
`,
}
