/**
 * After rows of runs were deleted: each row stands where its age is looked up, and entries that lead to no row go, so many at a
 * time, while others go on. Steps, in their order: 'rows', 'entries', 'ages'. They answer where to go on, '0' at the end, or 'stop'
 * where another process has taken over. What was counted of runs is counted anew afterwards: see recount-runs.
 */
import { mending } from '../lua/mending.ts'
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const mendRuns: LuaModule = {
  name: 'mend.runs',
  needs: [mending, runs],
  source: `
local AT_ONCE = 500
-- '0', or which of several indexes is looked at, and the member after which to go on.
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

-- A row whose job is gone is nobody's.
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
    { KEY.alive, alive_at }, { KEY.filed, filed_at, unfile }, { KEY.aged, aged_at }, { KEY.lines, line_at },
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

if not fn.is_mender() then return fn.answer('stop') end
fn.go_on_mending()
local steps = { rows = mend_rows, entries = mend_entries, ages = mend_ages }
return fn.answer(steps[request.step]())
`,
}
