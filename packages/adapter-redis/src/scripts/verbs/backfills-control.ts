/** Backfills pause, go on, or are cancelled. */
import { enqueue } from '../lua/enqueue.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const backfillsControl: LuaModule = {
  name: 'backfills.control',
  needs: [enqueue, rollupWindows],
  source: `
local SWEPT = 500

local function control_one(asked)
  local backfill, reason = fn.find_backfill(asked.id), fn.given(asked.reason)
  if backfill == nil or not fn.is_unfinished(backfill) then return 0 end
  if asked.action == 'cancel' then
    fn.end_backfill(backfill, 'cancelled', reason)
    fn.put(KEY.rollupTrash, 'b' .. asked.id)
    return 1
  end
  local state = asked.action == 'pause' and 'paused' or 'running'
  if backfill.state == state then return 0 end
  backfill.state, backfill.reason = state, state == 'paused' and reason or nil
  fn.touch_backfill(backfill)
  for _, one in ipairs(state == 'running' and asked.enqueue or {}) do fn.enqueue_one(one) end
  return 1
end

local changed = {}
for index, asked in ipairs(request.controls) do changed[index] = control_one(asked) end
fn.tidy_requests()
return fn.answer({ changed, fn.sweep(SWEPT) and 1 or 0 })
`,
}
