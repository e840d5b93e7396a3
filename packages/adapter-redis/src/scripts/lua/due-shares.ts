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
local MANY, TOLD_FOR_MS, MOST_TOLD, LONGEST_TOLD = 50, 50, 20, 2000

-- How far is looked; and how many live owners could look.
local dueUntil, owners = now, 1

-- By job: when there may be more than an owner was told of; and how many of those that it was told of lie together, from the first on.
local moreAtOf, togetherOf = {}, {}

-- Notes stand on the job: owner, first and last member, from when and until when. Those of an owner end when it asks again.
function fn.told_to_others(job, id)
  local others = {}
  for _, told in ipairs(job.told or {}) do
    if told[1] ~= id and told[4] <= now and now < told[5] then others[#others + 1] = told end
  end
  return others
end
function fn.note_told(job, id, rows)
  local left = fn.told_to_others(job, id)
  if #rows >= MANY and #left < MOST_TOLD and owners > 1 then
    local first, last = rows[1], rows[math.min(#rows, togetherOf[job.name], LONGEST_TOLD)]
    left[#left + 1] = {
      id, fn.due_member(job, first.indexedAt, first.name), fn.due_member(job, last.indexedAt, last.name), now,
      math.max(now, last.indexedAt) + TOLD_FOR_MS,
    }
  end
  if #left == 0 and job.told == nil then return end
  job.told = #left > 0 and left or nil
  fn.touch(job)
end
-- What others were told of, and what came between since.
local function length_of(told) return math.min(call('ZLEXCOUNT', KEY.due, '[' .. told[2], '[' .. told[3]), LONGEST_TOLD) end
-- Of a job's due members, by place: since when others are told of it.
local function told_since(prefix, others)
  local since = {}
  for _, told in ipairs(others) do
    local before = call('ZLEXCOUNT', KEY.due, '[' .. prefix, '(' .. told[2])
    for place = before + 1, before + length_of(told) do
      since[place] = math.max(since[place] or 0, told[4])
    end
  end
  return since
end
-- Due members of a job beside what others were told of, of which each is left to them for a moment from its instant on; when there
-- may be more, where something was left out; and how many lie together.
function fn.due_members(job, id, limit)
  local prefix = job.number .. '/'
  local from, to = '[' .. prefix, prefix .. fn.instant_text(dueUntil) .. '0'
  if dueUntil > now and owners > 1 then
    limit = math.min(limit, math.max(MANY, math.ceil(call('ZLEXCOUNT', KEY.due, from, '(' .. to) / owners)))
  end
  local others, count = fn.told_to_others(job, id), 0
  for _, told in ipairs(others) do count = count + length_of(told) end
  local read = call('ZRANGEBYLEX', KEY.due, from, '(' .. to, 'LIMIT', 0, limit + count)
  if #others == 0 then return read, nil, #read end
  local since, members, moreAt, together = told_since(prefix, others), {}, nil, nil
  for place, member in ipairs(read) do
    local leftUntil = since[place] and math.max(since[place], fn.instant_at(member, #prefix + 1)) + TOLD_FOR_MS
    if leftUntil and now < leftUntil then
      moreAt = math.min(moreAt or INFINITY, leftUntil)
      if #members > 0 then together = together or #members end
    elseif #members < limit then
      members[#members + 1] = member
    end
  end
  if moreAt then
    local later = call('ZRANGEBYLEX', KEY.due, '[' .. to, '(' .. prefix .. '\\255', 'LIMIT', 0, 1)[1]
    if later then moreAt = math.min(moreAt, fn.instant_at(later, #prefix + 1)) end
  end
  return members, moreAt, together or #members
end
function fn.due_rows(job, id, limit)
  local prefix = job.number .. '/'
  local members
  members, moreAtOf[job.name], togetherOf[job.name] = fn.due_members(job, id, limit)
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
function fn.due_shares(id, owner, limit, aheadMs)
  dueUntil = now + aheadMs
  owners = call('ZCOUNT', KEY.ownerEnds, '(' .. format('%.17g', now), '+inf')
  fn.make_moves(KEY.due)
  fn.make_moves(KEY.dueJobs)
  local jobs = {}
  for _, name in ipairs(call('ZRANGEBYSCORE', KEY.dueJobs, '-inf', format('%.17g', dueUntil))) do
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
  local found, stretches = {}, {}
  for _, share in ipairs(shares) do
    fn.note_told(share.job, id, share.rows)
    if #share.rows > 0 and #share.job.stretches > 0 then stretches[#stretches + 1] = { share.job.name, fn.stretches_out(share.job.stretches) } end
    for _, row in ipairs(share.rows) do found[#found + 1] = { dueAt = row.nextDueAt, row = fn.schedule_out(share.job, row) } end
  end
  if #shares > 1 then table.sort(found, function(a, b) return a.dueAt < b.dueAt end) end
  local rows = {}
  for index, one in ipairs(found) do rows[index] = one.row end
  return rows, stretches, found[1] and found[1].dueAt
end
-- When to fire or to ask again, where something was left to others; nil where that is not so.
function fn.due_beside_others(owner, ownAt)
  if next(moreAtOf) == nil then return nil end
  local earliest = ownAt or INFINITY
  for _, at in pairs(moreAtOf) do earliest = math.min(earliest, at) end
  local _, dueAt = fn.first_of(KEY.dueJobs, function(name) return owner.jobs[name] ~= nil and moreAtOf[name] == nil end)
  return math.min(earliest, dueAt or INFINITY)
end
`,
}
