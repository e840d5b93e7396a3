/** Indexes of rollups are made anew from rows, so many at a time; windows that no rollup has any more are removed. */
import { marks } from '../lua/marks.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import { runIndex } from '../lua/run-index.ts'
import type { LuaModule } from '../lua-module.ts'

export const mendWindows: LuaModule = {
  name: 'mend.windows',
  needs: [runIndex, marks, rollupWindows],
  source: `
local AT_ONCE = 500

local function mend_rollups()
  local names = call('HKEYS', KEY.rollups)
  fn.set('defined', #names)
  fn.clear(KEY.readers)
  for _, name in ipairs(names) do
    for _, source in ipairs(fn.find_rollup(name).sources) do fn.put(KEY.readers, fn.reader_member(source, name)) end
  end
  for _, key in ipairs({ KEY.backfillOrder, KEY.rollupBackfills, KEY.openBackfills }) do fn.clear(key) end
  for _, id in ipairs(call('HKEYS', KEY.backfills)) do
    local row = fn.find_backfill(id)
    if fn.find_rollup(row.rollup) then fn.place_backfill(row) else fn.write(KEY.backfills, id, nil) end
  end
  local places = {
    KEY.rollupStarts, KEY.rollupDirty, KEY.rollupOpen, KEY.rollupRetries, KEY.rollupHeld, KEY.rollupBusy, KEY.rollupFailed, KEY.rollupSuspects,
    KEY.rollupStamped, KEY.markOrder, KEY.parkedMarks, KEY.sourceLine, KEY.parkedSources,
  }
  for _, key in ipairs(places) do fn.clear(key) end
  for _, source in ipairs(call('HKEYS', KEY.sources)) do fn.write(KEY.sources, source, nil) end
  return '0'
end
local function mend_window(field)
  local row = fn.current_window(field)
  if row == nil then return fn.write(KEY.rollupWindows, field, nil) end
  row.isNew = true
  fn.change_window(row)
  local run = row.run and fn.find_run(row.run)
  if row.run and not (run and run.state == 'running' and run.fence == row.fence) then fn.let_window_go(row) end
end
local function mend_mark(field, found)
  local mark, id = fn.read(KEY.marks, field), tonumber(field)
  local source = mark[6]
  if mark[5] then fn.put(KEY.parkedMarks, fn.parked_member(source, id, mark[5])) else fn.put(KEY.markOrder, fn.mark_member(source, id)) end
  found[source] = true
end
local function count_marks(source)
  local row, prefix = fn.obtain_source(source), fn.bounded(source) .. '/'
  for name, key in pairs({ waiting = KEY.markOrder, parked = KEY.parkedMarks }) do
    fn.make_moves(key)
    row[name] = call('ZLEXCOUNT', key, '[' .. prefix, '(' .. prefix .. '\\255')
  end
  fn.renew_token(row)
end
local function page_of(key, visit)
  local page, fields = call('HSCAN', key, request.cursor, 'COUNT', AT_ONCE), {}
  for index = 1, #page[2], 2 do fields[#fields + 1] = page[2][index] end
  fn.prefetch(key, fields)
  for _, field in ipairs(fields) do visit(field) end
  return page[1]
end

if request.step == 'rollups' then return fn.answer(mend_rollups()) end
if request.step == 'windows' then return fn.answer(page_of(KEY.rollupWindows, mend_window)) end
local found = {}
local cursor = page_of(KEY.marks, function(field) mend_mark(field, found) end)
for source in pairs(found) do count_marks(source) end
return fn.answer(cursor)
`,
}
