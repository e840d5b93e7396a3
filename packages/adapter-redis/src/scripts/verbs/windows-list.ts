/** Records of windows, by start. */
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsList: LuaModule = {
  name: 'windows.list',
  needs: [rollupWindows],
  source: `
fn.free_ended()
fn.settle_windows()
local rollup = fn.find_rollup(request.rollup)
if rollup == nil then return fn.answer({}) end
local key, prefix = KEY.rollupStarts, rollup.number .. '/'
if request.backfill then
  local backfill = fn.find_backfill(request.backfill)
  if backfill == nil or not fn.is_unfinished(backfill) then return fn.answer({}) end
  key, prefix = KEY.rollupStamped, fn.bounded(request.backfill) .. '/' .. prefix
end
fn.make_moves(key)
local from, to = '[' .. prefix .. fn.edge_text(request.from), '(' .. prefix .. fn.edge_text(request.to)
return fn.answer(fn.windows_out(rollup, call('ZRANGEBYLEX', key, from, to, 'LIMIT', 0, request.limit)))
`,
}
