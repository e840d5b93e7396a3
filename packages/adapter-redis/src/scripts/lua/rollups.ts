/** Rollups, and who reads which source. Indexes know the windows of a rollup by a number that is new with other edges. */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const rollups: LuaModule = {
  name: 'rollups',
  needs: [kernel],
  source: `
-- Numbers that only this part counts.
do
  local fields = call('HMGET', KEY.meta, 'rollups', 'marks', 'tokens', 'backfills', 'generations', 'defined')
  meta.generations, meta.defined = tonumber(fields[5]) or 0, tonumber(fields[6]) or 0
  meta.rollups, meta.marks, meta.tokens, meta.backfills = tonumber(fields[1]) or 0, tonumber(fields[2]) or 0, tonumber(fields[3]) or 0, tonumber(fields[4]) or 0
end

-- An edge of a window as a text that sorts as it does, also before 1970; and back.
local EDGE_LENGTH = 17
function fn.edge_text(at)
  if at >= 0 then return '1' .. format('%016.0f', at) end
  return '0' .. format('%016.0f', at + 9e15)
end
function fn.edge_of(text)
  local value = tonumber(text:sub(2))
  return text:sub(1, 1) == '1' and value or value - 9e15
end

function fn.find_rollup(name) return fn.read(KEY.rollups, name) end
function fn.touch_rollup(rollup) fn.write(KEY.rollups, rollup.name, rollup) end
-- The rollup as a caller knows it, or nil.
function fn.rollup_as(name, generation)
  local rollup = fn.find_rollup(name)
  if rollup and rollup.generation == generation then return rollup end
end
-- Its windows are none from here on, and are known by another number; those that were are left to be swept.
function fn.renumber(rollup)
  if rollup.number then fn.put(KEY.rollupTrash, rollup.number) end
  rollup.number = format('%.0f', fn.count('rollups'))
end

function fn.reader_member(source, name) return fn.bounded(source) .. '/' .. name end
function fn.has_readers(source) return #fn.with_prefix(KEY.readers, fn.bounded(source) .. '/', 1) > 0 end
function fn.readers_of(source)
  local prefix, names, found = fn.bounded(source) .. '/', {}, {}
  fn.each_with_prefix(KEY.readers, prefix, function(member) names[#names + 1] = member:sub(#prefix + 1) end)
  fn.prefetch(KEY.rollups, names)
  for _, name in ipairs(names) do
    local rollup = fn.find_rollup(name)
    if rollup then found[#found + 1] = rollup end
  end
  return found
end

-- A rollup as replies carry it; rows/window-row.ts reads it.
function fn.rollup_out(rollup)
  local sealed = rollup.sealed
  return {
    rollup.name, rollup.generation, rollup.hash, rollup.sources, rollup.edges, rollup.policy, fn.number_out(rollup.startAt),
    fn.number_out(rollup.watermark), sealed and { sealed.marks, fn.number_out(sealed.from), fn.number_out(sealed.to), fn.number_out(sealed.lastAt) } or false,
    rollup.pace or false,
  }
end
`,
}
