/** What became of each slot. A page is cut by slot over runs and ranges together. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesLedger: LuaModule = {
  name: 'schedules.ledger',
  needs: [schedules],
  source: `
local job = fn.find_job(request.job)
local row = job and fn.find_schedule(job, request.name)
if row == nil then return fn.answer({ false, {}, {}, 0 }) end
local prefix = row.ledger .. '/'
local after = fn.given(request.after)
local found, slots, more = {}, {}, false
function fn.take(member)
  if #found >= request.limit then
    more = true
    return true
  end
  local kind, id = member:sub(#prefix + 20, #prefix + 20), member:sub(#prefix + 21)
  if kind == 's' then
    local skip = fn.read(KEY.skips, id)
    if skip and (after == nil or skip.to > after) then
      found[#found + 1] = 1
      slots[#slots + 1] = { 1, id, skip.reason, fn.number_out(skip.from), fn.number_out(skip.to), fn.number_out(skip.count), skip.specGeneration }
    end
  else
    local run = fn.find_run(id)
    if run and (after == nil or run.slot > after) then
      found[#found + 1] = 1
      slots[#slots + 1] = { 0, id, fn.number_out(run.slot), run.state, run.reason or false }
    end
  end
end
-- A range may begin before the page and end in it: such a one is the last before it.
if after then
  fn.make_moves(KEY.ledger)
  local before = call('ZREVRANGEBYLEX', KEY.ledger, '(' .. prefix .. fn.instant_text(after) .. '0', '[' .. prefix, 'LIMIT', 0, 1)[1]
  if before and before:sub(#prefix + 20, #prefix + 20) == 's' then fn.take(before) end
end
local last = after and prefix .. fn.instant_text(after) .. '0' or nil
while not more do
  local members = fn.with_prefix(KEY.ledger, prefix, 200, last)
  local ids = {}
  for index, member in ipairs(members) do ids[index] = member:sub(#prefix + 21) end
  fn.prefetch(KEY.runs, ids)
  for _, member in ipairs(members) do
    if fn.take(member) then break end
    last = member
  end
  if #members < 200 then break end
end
return fn.answer({ fn.schedule_out(job, row), slots, fn.counters_out(row.folded), more and 1 or 0 })
`,
}
