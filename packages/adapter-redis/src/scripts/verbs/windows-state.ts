/** What planning needs to know of rollups. */
import { marks } from '../lua/marks.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsState: LuaModule = {
  name: 'windows.state',
  needs: [marks, rollupWindows],
  source: `
-- Failed windows whose time has come that one look considers; the others follow.
local MOST_RETRIED = 1000
local INSTANT_LENGTH = 18 + 1

local function range_of(key, from, to, limit)
  fn.make_moves(key)
  return call('ZRANGEBYLEX', key, from, to, 'LIMIT', 0, limit)
end
-- Those that never failed and those whose time has come again, oldest change first.
local function dirty_windows(rollup, limit)
  local prefix, since = rollup.number .. '/', {}
  for index, member in ipairs(fn.with_prefix(KEY.rollupOpen, prefix, limit)) do since[index] = member:sub(#prefix + 1) end
  local retried, fields = range_of(KEY.rollupRetries, '[' .. prefix, '(' .. prefix .. fn.instant_text(now) .. '0', MOST_RETRIED), {}
  for index, member in ipairs(retried) do fields[index] = prefix .. member:sub(-EDGE_LENGTH) end
  fn.prefetch(KEY.rollupWindows, fields)
  for index, member in ipairs(retried) do
    local row = fn.read(KEY.rollupWindows, fields[index])
    if row and not row.run and not row.suspect then since[#since + 1] = member:sub(#prefix + INSTANT_LENGTH + 1) end
  end
  table.sort(since)
  while #since > limit do since[#since] = nil end
  return fn.windows_out(rollup, since)
end
local function next_retry_at(rollup)
  local prefix = rollup.number .. '/'
  local member = range_of(KEY.rollupRetries, '[' .. prefix .. fn.instant_text(now) .. '0', '(' .. prefix .. '\\255', 1)[1]
  return member and fn.instant_at(member, #prefix + 1)
end
local function windows_ahead(rollup, limit, after)
  local prefix, from = rollup.number .. '/', '[' .. fn.window_field(rollup.number, rollup.watermark)
  if after and after >= rollup.watermark then from = '(' .. fn.window_field(rollup.number, after) end
  local members = range_of(KEY.rollupStarts, from, '(' .. prefix .. '\\255', limit + 1)
  local isCut = #members > limit
  if isCut then members[#members] = nil end
  return fn.windows_out(rollup, members), isCut
end
-- The oldest change that no refresh has seen, drained or not; and whether there are marks.
local function oldest_mark(rollup)
  local oldest, hasMarks
  local member = fn.with_prefix(KEY.rollupDirty, rollup.number .. '/', 1)[1]
  if member then oldest = fn.instant_at(member, #rollup.number + 2) end
  for _, source in ipairs(rollup.sources) do
    local row = fn.find_source(source)
    if row then fn.unpark(source, row) end
    local id = row and row.waiting > 0 and fn.first_marks(source, 1)[1]
    local mark = id and fn.read(KEY.marks, fn.mark_field(id))
    if mark then
      local markedAt = mark[4]
      oldest, hasMarks = math.min(oldest or markedAt, markedAt), true
    end
  end
  return oldest, hasMarks
end
local function count(rollup, key)
  fn.make_moves(key)
  return call('ZLEXCOUNT', key, '[' .. rollup.number .. '/', '(' .. rollup.number .. '/\\255')
end
local function state_of(asked)
  local rollup = fn.find_rollup(asked.rollup)
  if rollup == nil then return false end
  fn.advance_watermark(rollup)
  fn.settle_windows()
  local ahead, isCut = windows_ahead(rollup, asked.limit, asked.after)
  local oldest, hasMarks = oldest_mark(rollup)
  return {
    fn.rollup_out(rollup), dirty_windows(rollup, asked.limit), ahead, isCut and 1 or 0,
    { count(rollup, KEY.rollupDirty), count(rollup, KEY.rollupBusy), count(rollup, KEY.rollupFailed), count(rollup, KEY.rollupSuspects) }, fn.number_out(oldest), hasMarks and 1 or 0, fn.number_out(next_retry_at(rollup)),
  }
end

local states = {}
fn.free_ended()
for index, asked in ipairs(request.rollups) do states[index] = state_of(asked) end
return fn.answer(states)
`,
}
