/** Rollups are forgotten, with their windows and backfills. */
import { jobs } from '../lua/jobs.ts'
import { marks } from '../lua/marks.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsForget: LuaModule = {
  name: 'windows.forget',
  needs: [jobs, marks, rollupWindows],
  source: `
local SWEPT = 500

local function forget_one(name)
  local rollup = fn.find_rollup(name)
  -- Who has it in his code would begin it anew.
  if rollup == nil or #fn.declarations(name) > 0 then return 0 end
  for _, source in ipairs(rollup.sources) do
    fn.cut(KEY.readers, fn.reader_member(source, name))
    fn.note_readers(source)
  end
  local prefix, found = fn.bounded(name) .. '/', {}
  fn.each_with_prefix(KEY.rollupBackfills, prefix, function(member) found[#found + 1] = member end)
  for _, backfill in ipairs(fn.backfills_by(found, #prefix + 1)) do fn.delete_backfill(backfill) end
  fn.put(KEY.rollupTrash, rollup.number)
  fn.write(KEY.rollups, name, nil)
  fn.add('defined', -1)
  return 1
end

local forgotten = {}
for index, name in ipairs(request.rollups) do forgotten[index] = forget_one(name) end
return fn.answer({ forgotten, fn.sweep(SWEPT) and 1 or 0 })
`,
}
