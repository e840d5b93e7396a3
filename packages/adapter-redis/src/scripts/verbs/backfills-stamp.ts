/** The next stretch of a backfill was looked at: its windows are stamped. */
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const backfillsStamp: LuaModule = {
  name: 'backfills.stamp',
  needs: [rollupWindows],
  source: `
local function stamp_window(rollup, backfill, asked)
  local row = fn.obtain_window(rollup, asked.start, asked['end'])
  if row.backfill ~= backfill.id then
    row.backfill = backfill.id
    backfill.stamped = backfill.stamped + 1
  end
  fn.begin_anew(row)
  -- Whoever holds it began before it was asked for.
  row.heldStamp = nil
end
local function stamp_one(stamp)
  local backfill = fn.find_backfill(stamp.id)
  if backfill == nil or backfill.state ~= 'running' then return 'ended' end
  if backfill.cursor ~= stamp.expected then return 'stale' end
  local rollup = fn.find_rollup(backfill.rollup)
  fn.prefetch_windows(rollup, stamp.windows)
  for _, one in ipairs(stamp.windows) do stamp_window(rollup, backfill, one) end
  backfill.cursor = stamp.cursor
  if backfill.order == 'newest' then backfill.exhausted = stamp.cursor <= backfill.from else backfill.exhausted = stamp.cursor >= backfill.to end
  fn.touch_backfill(backfill)
  fn.end_if_done(backfill)
  return 'stamped'
end

local replies = {}
for index, stamp in ipairs(request.stamps) do replies[index] = stamp_one(stamp) end
return fn.answer(replies)
`,
}
