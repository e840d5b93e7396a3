/** Refreshes are recorded: windows are clean, stamps come off, the watermark moves on. */
import { marks } from '../lua/marks.ts'
import { refreshers } from '../lua/refreshers.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsCommit: LuaModule = {
  name: 'windows.commit',
  needs: [marks, refreshers],
  source: `
-- Clean, but for what was drained since the claim.
local function clean_up_to(row, seq)
  if row.seq == seq then
    row.dirty, row.removed = nil, nil
  elseif row.laterSince then
    row.dirty, row.removed = row.laterSince, row.laterRemoved
  end
end
local function refresh_window(rollup, row, one)
  -- A window that is named twice was recorded already.
  if row.run == nil then return end
  fn.change_window(row)
  clean_up_to(row, one.seq)
  row.refreshedAt, row.attempts, row.failure, row.retryAt = now, 0, nil, nil
  row.complete = row.complete or row.isDue
  row.suspect = row.dirty == nil and one.suspect or nil
  -- What was stamped since may be about rows that this refresh has not seen.
  local isStamped = row.backfill and row.backfill == row.heldStamp
  fn.let_window_go(row)
  if isStamped then fn.unstamp(row, 'done') end
end
local function commit_one(commit)
  local rollup, refusal = fn.refresher(commit)
  if rollup == nil then return { refusal, false } end
  if fn.holds_all(rollup, commit) then
    for _, mark in ipairs(commit.marks) do
      if fn.has_readers(mark.source) then fn.append_mark(mark) end
    end
    for _, one in ipairs(commit.windows) do refresh_window(rollup, fn.find_window(rollup, one.start), one) end
    fn.advance_watermark(rollup)
    fn.note_pace(rollup, commit.pace)
    fn.remember_windows(rollup, commit)
  elseif not fn.was_recorded(rollup, commit) then
    return { 'stale', false }
  end
  return { 'committed', fn.number_out(rollup.watermark) }
end

local replies = {}
for index, commit in ipairs(request.commits) do replies[index] = commit_one(commit) end
return fn.answer(replies)
`,
}
