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
-- What is recorded, and its reply lost, may come again while the run lasts: what it recorded last is remembered, so many windows of it.
local MOST_REMEMBERED = 200
-- In place of what a window was committed with.
local FAILED = -1

-- Each a list of windows and what they were committed with: start, seq, start, seq, …
function fn.was_recorded(rollup, asked)
  local known, seqs = fn.read(KEY.rollupCommits, fn.hold_text(asked.runId, asked.fence)) or {}, {}
  for _, one in ipairs(known) do
    for index = 1, one.number == rollup.number and #one.seqs or 0, 2 do
      local start, seq = one.seqs[index], one.seqs[index + 1]
      seqs[start] = seqs[start] or {}
      seqs[start][seq] = true
    end
  end
  for _, one in ipairs(asked.windows) do
    local recorded = seqs[one.start]
    if not (recorded and recorded[one.seq or FAILED]) then return false end
    -- Of what was taken again since, nothing is recorded yet.
    if fn.is_held_by(fn.find_window(rollup, one.start), asked) then return false end
  end
  return true
end
function fn.remember_windows(rollup, asked)
  local hold, seqs = fn.hold_text(asked.runId, asked.fence), {}
  local known, count = fn.read(KEY.rollupCommits, hold) or {}, 0
  for _, one in ipairs(asked.windows) do
    seqs[#seqs + 1] = one.start
    seqs[#seqs + 1] = one.seq or FAILED
  end
  known[#known + 1] = { number = rollup.number, seqs = seqs }
  for _, one in ipairs(known) do count = count + #one.seqs / 2 end
  while #known > 1 and count > MOST_REMEMBERED do count = count - #table.remove(known, 1).seqs / 2 end
  fn.write(KEY.rollupCommits, hold, known)
end
function fn.note_pace(rollup, pace)
  if pace == nil then return end
  rollup.pace = pace
  fn.touch_rollup(rollup)
end
`,
}
