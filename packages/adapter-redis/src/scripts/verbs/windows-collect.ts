/** Marks to be drained: sources take turns, the one whose marks were drained longest ago first. Changes nothing. */
import { marks } from '../lua/marks.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsCollect: LuaModule = {
  name: 'windows.collect',
  needs: [marks],
  source: `
local function names_asked()
  if request.sources then return request.sources end
  local names = call('ZRANGE', KEY.sourceLine, 0, -1)
  for _, source in ipairs(call('ZRANGE', KEY.parkedSources, 0, -1)) do names[#names + 1] = source end
  return names
end
-- Sources that are read and have something to give, in line.
local function sources_asked()
  local names, line, isKnown = names_asked(), {}, {}
  fn.prefetch(KEY.sources, names)
  for _, source in ipairs(names) do
    local row = not isKnown[source] and fn.find_source(source)
    isKnown[source] = true
    if row and fn.has_readers(source) then
      local parked = fn.count_unparked(source, row)
      line[#line + 1] = { source = source, row = row, has = row.waiting + parked, share = 0 }
    end
  end
  return line
end
-- What each gets when they take turns: as many rounds as all can have, then one more for the first.
local function share_out(line, left)
  local open = {}
  for _, one in ipairs(line) do
    if one.has > 0 then open[#open + 1] = one end
  end
  while left > 0 and #open > 0 do
    local each = floor(left / #open)
    if each == 0 then
      for index = 1, left do open[index].share = open[index].share + 1 end
      return
    end
    local hungry = {}
    for _, one in ipairs(open) do
      local taken = math.min(each, one.has - one.share)
      one.share = one.share + taken
      left = left - taken
      if one.share < one.has then hungry[#hungry + 1] = one end
    end
    open = hungry
  end
end
local function mark_out(id)
  local mark = fn.read(KEY.marks, fn.mark_field(id))
  return { id, fn.number_out(mark[1]), fn.number_out(mark[2]), mark[3], fn.number_out(mark[4]) }
end
local function source_out(one)
  local readers, found, ids, fields = {}, {}, fn.first_marks(one.source, one.row, one.share), {}
  for index, rollup in ipairs(fn.readers_of(one.source)) do readers[index] = fn.rollup_out(rollup) end
  for index, id in ipairs(ids) do fields[index] = fn.mark_field(id) end
  fn.prefetch(KEY.marks, fields)
  for index, id in ipairs(ids) do found[index] = mark_out(id) end
  return { one.source, one.row.token, readers, found, one.share < one.has and 1 or 0 }
end

local line, found, nextAt = sources_asked(), {}, nil
share_out(line, request.limit)
for _, one in ipairs(line) do
  if one.share > 0 then found[#found + 1] = source_out(one) end
  local parkedAt = one.row.parked > 0 and fn.next_parked_at(one.source)
  if parkedAt then nextAt = math.min(nextAt or parkedAt, parkedAt) end
end
return fn.answer({ found, fn.number_out(nextAt) })
`,
}
