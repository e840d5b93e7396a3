/** Refreshes are recorded: windows are clean, stamps come off, the watermark moves on. */
import { marks } from '../lua/marks.ts'
import { refreshers } from '../lua/refreshers.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsCommit: LuaModule = {
  name: 'windows.commit',
  needs: [marks, refreshers],
  source: `
-- A commit whose reply was lost may come again while the run lasts: so many are remembered.
local MOST_REMEMBERED = 20

local function digest_of(commit)
  local parts = { fn.bounded(commit.rollup) }
  for index, one in ipairs(commit.windows) do parts[index + 1] = format('%.0f/%.0f', one.start, one.seq) end
  return redis.sha1hex(table.concat(parts, ' '))
end
local function is_known(run, digest)
  for _, known in ipairs(run.commits or {}) do
    if known == digest then return true end
  end
  return false
end
local function remember(run, digest)
  local known = run.commits or {}
  known[#known + 1] = digest
  if #known > MOST_REMEMBERED then table.remove(known, 1) end
  run.commits = known
  fn.touch_run(run)
end
local function refresh_window(rollup, row, one)
  fn.change_window(rollup, row)
  local laterSince, laterRemoved = row.laterSince, row.laterRemoved
  row.refreshedAt, row.attempts, row.failure, row.retryAt = now, 0, nil, nil
  row.complete = row.complete or row.isDue
  row.suspect = laterSince == nil and one.suspect or nil
  row.dirty, row.removed = laterSince, laterRemoved
  local isStamped = row.backfill and row.backfill == row.heldStamp
  fn.let_window_go(row)
  if isStamped then fn.unstamp(row, 'done') end
end
local function commit_one(commit)
  local rollup, run = fn.refresher(commit)
  if rollup == nil then return { run, false } end
  local digest = digest_of(commit)
  if is_known(run, digest) then return { 'committed', fn.number_out(rollup.watermark) } end
  if not fn.holds_all(rollup, commit) then return { 'stale', false } end
  for _, mark in ipairs(commit.marks) do fn.append_mark(mark) end
  for _, one in ipairs(commit.windows) do refresh_window(rollup, fn.find_window(rollup, one.start), one) end
  fn.advance_watermark(rollup)
  fn.note_pace(rollup, commit.pace)
  remember(run, digest)
  return { 'committed', fn.number_out(rollup.watermark) }
end

local replies = {}
for index, commit in ipairs(request.commits) do replies[index] = commit_one(commit) end
return fn.answer(replies)
`,
}
