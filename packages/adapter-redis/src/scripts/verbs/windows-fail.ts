/** Refreshes failed: their windows wait for the next attempt, or are given up. */
import { refreshers } from '../lua/refreshers.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsFail: LuaModule = {
  name: 'windows.fail',
  needs: [refreshers],
  source: `
local function fail_window(rollup, row, one)
  if row.run == nil then return end
  fn.change_window(row)
  local delay, isMarkedAgain = fn.given(one.retryDelayMs), row.laterSince ~= nil
  row.attempts, row.failure, row.retryAt = row.attempts + 1, one.error, delay and now + delay or nil
  local isStamped = row.backfill and row.backfill == row.heldStamp
  fn.let_window_go(row)
  -- It was marked again since: that is not given up.
  if delay == nil and isMarkedAgain then row.attempts, row.failure = 0, nil end
  if isStamped and delay == nil then fn.unstamp(row, 'failed') end
end
local function fail_one(failure)
  local rollup, refusal = fn.refresher(failure)
  if rollup == nil then return refusal end
  if not fn.holds_all(rollup, failure) then return fn.was_recorded(rollup, failure) and 'failed' or 'stale' end
  for _, one in ipairs(failure.windows) do fail_window(rollup, fn.find_window(rollup, one.start), one) end
  fn.note_pace(rollup, failure.pace)
  fn.remember_windows(rollup, failure)
  return 'failed'
end

local replies = {}
for index, failure in ipairs(request.failures) do replies[index] = fail_one(failure) end
return fn.answer(replies)
`,
}
