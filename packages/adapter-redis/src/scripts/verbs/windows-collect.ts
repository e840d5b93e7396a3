/** Marks to be drained: sources take turns, the one that was served longest ago first. */
import { marks } from '../lua/marks.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsCollect: LuaModule = {
  name: 'windows.collect',
  needs: [marks],
  source: `
local isAsked
if request.sources then
  isAsked = {}
  for _, source in ipairs(request.sources) do isAsked[source] = true end
end
-- The sources of a line that were asked for, with their rows.
local function sources_in(key)
  fn.make_moves(key)
  local names, found = {}, {}
  for _, source in ipairs(call('ZRANGE', key, 0, -1)) do
    if isAsked == nil or isAsked[source] then names[#names + 1] = source end
  end
  fn.prefetch(KEY.sources, names)
  for _, source in ipairs(names) do
    local row = fn.find_source(source)
    if row then found[#found + 1] = { source = source, row = row, share = 0 } end
  end
  return found
end
-- Unparks what is due; answers when the next one is.
local function next_mark_at()
  local earliest
  for _, one in ipairs(sources_in(KEY.parkedSources)) do
    fn.unpark(one.source, one.row)
    local at = fn.next_parked_at(one.source, one.row)
    if at then earliest = math.min(earliest or at, at) end
  end
  fn.index_sources()
  return earliest
end
-- What each gets when they take turns: as many rounds as all can have, then one more for the first.
local function share_out(line, left)
  local open = line
  while left > 0 and #open > 0 do
    local each = floor(left / #open)
    if each == 0 then
      for index = 1, left do open[index].share = open[index].share + 1 end
      return
    end
    local hungry = {}
    for _, one in ipairs(open) do
      local taken = math.min(each, one.row.waiting - one.share)
      one.share = one.share + taken
      left = left - taken
      if one.share < one.row.waiting then hungry[#hungry + 1] = one end
    end
    open = hungry
  end
end
local function mark_out(id, mark)
  return { id, fn.number_out(mark[1]), fn.number_out(mark[2]), mark[3], fn.number_out(mark[4]) }
end
local function source_out(one)
  local readers, found, ids, fields = {}, {}, fn.first_marks(one.source, one.share), {}
  for index, rollup in ipairs(fn.readers_of(one.source)) do readers[index] = fn.rollup_out(rollup) end
  for index, id in ipairs(ids) do fields[index] = fn.mark_field(id) end
  fn.prefetch(KEY.marks, fields)
  for index, id in ipairs(ids) do
    local mark = fn.read(KEY.marks, fields[index])
    if mark then found[#found + 1] = mark_out(id, mark) end
  end
  return { one.source, one.row.token, readers, found, one.share < one.row.waiting and 1 or 0 }
end

local nextAt, found = next_mark_at(), {}
local line = sources_in(KEY.sourceLine)
share_out(line, request.limit)
for _, one in ipairs(line) do
  if one.share > 0 then
    found[#found + 1] = source_out(one)
    fn.use_source_turn(one.source, one.row)
  end
end
return fn.answer({ found, fn.number_out(nextAt) })
`,
}
