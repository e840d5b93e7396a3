/** Backfills, newest first. */
import { backfills } from '../lua/backfills.ts'
import type { LuaModule } from '../lua-module.ts'

export const backfillsFind: LuaModule = {
  name: 'backfills.find',
  needs: [backfills],
  source: `
local rows
if request.rollup then
  local prefix = fn.bounded(request.rollup) .. '/'
  local key = request.unfinished and KEY.openBackfills or KEY.rollupBackfills
  rows = fn.backfills_by(fn.with_prefix_newest(key, prefix, request.limit), #prefix + 1)
elseif request.unfinished then
  -- There are few: those of one rollup do not overlap.
  local ids = {}
  for index, member in ipairs(call('ZRANGE', KEY.openBackfills, 0, -1)) do
    local length, rest = member:match('^(%d+):(.*)$')
    ids[index] = rest:sub(tonumber(length) + 2)
  end
  table.sort(ids, function(a, b) return a > b end)
  while #ids > request.limit do ids[#ids] = nil end
  rows = fn.backfills_by(ids, 1)
else
  rows = fn.backfills_by(fn.with_prefix_newest(KEY.backfillOrder, '', request.limit), 1)
end
local found = {}
for index, row in ipairs(rows) do found[index] = fn.backfill_out(row) end
return fn.answer(found)
`,
}
