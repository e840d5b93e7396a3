/** Runs by filters, newest first. Looks at so many at most, and says where to go on. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsFind: LuaModule = {
  name: 'runs.find',
  needs: [runs],
  source: `
local MOST_LOOKED_AT = 2000
local states
if request.states then
  states = {}
  for _, state in ipairs(request.states) do states[state] = true end
end
local function matches(run)
  if request.key and run.key ~= request.key then return false end
  if states and not states[run.state] then return false end
  if request.schedule and run.schedule ~= request.schedule then return false end
  if request.createdBefore and run.createdAt >= request.createdBefore then return false end
  return request.createdAfter == nil or run.createdAt > request.createdAfter
end
local numbers = {}
if request.job then
  numbers[1] = fn.number_of(request.job)
else
  for _, number in ipairs(call('HVALS', KEY.jobNumbers)) do numbers[#numbers + 1] = number end
end
local after = request.after and fn.find_run(request.after)
local before = request.age or after and after.age
-- The run to continue after is gone: ids sort by creation too.
local isGone = request.after and not after and not request.age

local lines = {}
for _, number in ipairs(numbers) do
  for _, key in ipairs({ KEY.byAge, KEY.plain }) do
    lines[#lines + 1] = { key = key, prefix = number .. '/', members = {}, at = 1, before = before and number .. '/' .. fn.count_text(before) }
  end
end
-- The age of the next run of a line, and its id.
local function head(line)
  if line.members[line.at] == nil and not line.isOver then
    line.members, line.at = fn.with_prefix_newest(line.key, line.prefix, 100, line.before), 1
    line.before = line.members[#line.members]
    line.isOver = #line.members < 100
    local ids = {}
    for index, member in ipairs(line.members) do ids[index] = member:sub(#line.prefix + AGE_LENGTH + 1) end
    fn.prefetch(KEY.runs, ids)
  end
  local member = line.members[line.at]
  if member == nil then return nil end
  return member:sub(#line.prefix + 1, #line.prefix + AGE_LENGTH - 1), member:sub(#line.prefix + AGE_LENGTH + 1)
end

local found, lookedAt, reached, lastAge = {}, 0, false, nil
while #found < request.limit do
  local newest, age, id
  for _, line in ipairs(lines) do
    local lineAge, lineId = head(line)
    if lineAge and (age == nil or lineAge > age) then newest, age, id = line, lineAge, lineId end
  end
  if newest == nil then
    reached = false
    break
  end
  if lookedAt == MOST_LOOKED_AT then
    reached = lookedAt > 0 and lastAge or false
    break
  end
  newest.at = newest.at + 1
  lookedAt = lookedAt + 1
  lastAge = tonumber(age)
  local run = fn.find_run(id)
  if run and not (isGone and id >= request.after) and matches(run) then found[#found + 1] = fn.run_out(run) end
end
return fn.answer({ found, reached })
`,
}
