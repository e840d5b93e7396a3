/** What is due of an owner's jobs: an equal share of each first, then what others left. */
import type { LuaModule } from '../lua-module.ts'
import { schedules } from './schedules.ts'

export const dueShares: LuaModule = {
  name: 'due-shares',
  needs: [schedules],
  source: `
function fn.due_rows(job, limit)
  local prefix = job.number .. '/'
  local members = call('ZRANGEBYLEX', KEY.due, '[' .. prefix, '(' .. prefix .. fn.instant_text(now) .. '0', 'LIMIT', 0, limit)
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
function fn.due_shares(owner, limit)
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
    local rows = fn.due_rows(job, math.min(equal, left))
    shares[place] = { job = job, rows = rows }
    left = left - #rows
  end
  for _, share in ipairs(shares) do
    if left > 0 and #share.rows == equal then
      local rows = fn.due_rows(share.job, #share.rows + left)
      left = left - (#rows - #share.rows)
      share.rows = rows
    end
  end
  local found, stretches = {}, {}
  for _, share in ipairs(shares) do
    if #share.rows > 0 and #share.job.stretches > 0 then stretches[#stretches + 1] = { share.job.name, fn.stretches_out(share.job.stretches) } end
    for _, row in ipairs(share.rows) do found[#found + 1] = { dueAt = row.nextDueAt, row = fn.schedule_out(share.job, row) } end
  end
  if #shares > 1 then table.sort(found, function(a, b) return a.dueAt < b.dueAt end) end
  local rows = {}
  for index, one in ipairs(found) do rows[index] = one.row end
  return rows, stretches
end
`,
}
