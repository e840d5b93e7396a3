/** The watermark moves over windows that need no refresh. */
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsPass: LuaModule = {
  name: 'windows.pass',
  needs: [rollupWindows],
  source: `
-- Records that one pass looks at; where there are more, it stops at the first of the rest, and goes on with the next call.
local MOST_RECORDS = 500

local function records_until(rollup, through, isExpired)
  fn.settle_windows()
  fn.make_moves(KEY.rollupStarts)
  local from = isExpired and rollup.number .. '/' or fn.window_field(rollup.number, rollup.watermark)
  local fields = call('ZRANGEBYLEX', KEY.rollupStarts, '[' .. from, '(' .. fn.window_field(rollup.number, through), 'LIMIT', 0, MOST_RECORDS + 1)
  fn.prefetch(KEY.rollupWindows, fields)
  local rows = {}
  for index, field in ipairs(fields) do rows[index] = fn.read(KEY.rollupWindows, field) end
  return rows
end
-- True for one that goes.
local function expire(rollup, row)
  if row.run then return false end
  fn.change_window(row)
  row.dirty, row.failure, row.retryAt, row.suspect, row.complete, row.refreshedAt = nil, nil, nil, nil, nil, nil
  if row.backfill then fn.unstamp(row, 'done') end
  return true
end
local function pass_one(asked)
  local rollup = fn.rollup_as(asked.rollup, asked.generation)
  if rollup == nil or rollup.watermark ~= asked.expected then return { 0, false } end
  local through, rows = asked.through, records_until(rollup, asked.through, asked.expired)
  local isCut = #rows > MOST_RECORDS
  if isCut then
    through = math.max(rows[#rows].start, rollup.watermark)
    rows[#rows] = nil
  end
  if not asked.expired then
    for _, row in ipairs(rows) do
      if not row.complete then return { 0, false } end
    end
  end
  local hasMoved = through > rollup.watermark
  rollup.watermark = math.max(rollup.watermark, through)
  fn.touch_rollup(rollup)
  for _, row in ipairs(rows) do
    if asked.expired then hasMoved = expire(rollup, row) or hasMoved else fn.change_window(row) end
  end
  fn.advance_watermark(rollup)
  return { 1, isCut and hasMoved and fn.number_out(rollup.watermark) }
end

local replies = {}
fn.free_ended()
for index, asked in ipairs(request.passes) do replies[index] = pass_one(asked) end
return fn.answer(replies)
`,
}
