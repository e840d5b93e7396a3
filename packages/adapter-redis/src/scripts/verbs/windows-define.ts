/** Rollups are defined; with other edges their windows begin anew. */
import { marks } from '../lua/marks.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsDefine: LuaModule = {
  name: 'windows.define',
  needs: [marks, rollupWindows],
  source: `
local SWEPT = 500

local function read_sources(rollup, sources)
  for _, source in ipairs(rollup.sources or {}) do
    fn.cut(KEY.readers, fn.reader_member(source, rollup.name))
    fn.note_readers(source)
  end
  rollup.sources = sources
  for _, source in ipairs(sources) do
    fn.put(KEY.readers, fn.reader_member(source, rollup.name))
    fn.note_readers(source)
  end
end
local function begin_anew(rollup, asked)
  fn.renumber(rollup)
  rollup.edges, rollup.startAt, rollup.watermark, rollup.pace = asked.edges, asked.startAt, asked.startAt, nil
  for _, backfill in ipairs(fn.unfinished_of(rollup.name)) do fn.end_backfill(backfill, 'cancelled', 'the windows of its rollup changed') end
end
local function define_one(asked)
  local rollup = fn.find_rollup(asked.rollup)
  local generation = rollup and rollup.generation or 0
  if rollup and rollup.hash == asked.hash then return { 'unchanged', generation } end
  if generation ~= asked.expectedGeneration then return { 'stale', generation } end
  if rollup == nil then
    rollup = { name = asked.rollup }
    fn.add('defined', 1)
  end
  rollup.generation, rollup.hash, rollup.policy = fn.count('generations'), asked.hash, asked.policy
  if rollup.edges ~= asked.edges then begin_anew(rollup, asked) end
  read_sources(rollup, asked.sources)
  for _, mark in ipairs(fn.given(asked.marks) or {}) do fn.append_mark(mark) end
  fn.touch_rollup(rollup)
  return { 'defined', rollup.generation }
end

local replies = {}
for index, asked in ipairs(request.rollups) do replies[index] = define_one(asked) end
return fn.answer({ replies, fn.sweep(SWEPT) and 1 or 0 })
`,
}
