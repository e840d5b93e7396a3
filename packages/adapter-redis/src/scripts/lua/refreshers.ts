/** Runs that refresh windows: what they may write, and what they hold. */
import type { LuaModule } from '../lua-module.ts'
import { rollupWindows } from './rollup-windows.ts'
import { takeOver } from './take-over.ts'

export const refreshers: LuaModule = {
  name: 'refreshers',
  needs: [takeOver, rollupWindows],
  source: `
-- The rollup and the run of a refresher; or nil, and why nothing of it is written.
function fn.refresher(asked)
  local run = fn.find_run(asked.runId)
  if run == nil or run.state ~= 'running' or run.fence ~= asked.fence then return nil, 'stale' end
  local rollup = fn.rollup_as(asked.rollup, asked.generation)
  if rollup == nil then return nil, 'redefined' end
  return rollup, run
end
function fn.is_held_by(row, asked) return row ~= nil and row.run == asked.runId and row.fence == asked.fence end
-- Whether each of the windows is held by the run, which is a condition of all that it writes.
function fn.holds_all(rollup, asked)
  fn.prefetch_windows(rollup, asked.windows)
  for _, one in ipairs(asked.windows) do
    if not fn.is_held_by(fn.find_window(rollup, one.start), asked) then return false end
  end
  return true
end
function fn.note_pace(rollup, pace)
  if pace == nil then return end
  rollup.pace = pace
  fn.touch_rollup(rollup)
end
`,
}
