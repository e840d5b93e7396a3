/** Backfills: what they count, and when they are at their end. */
import type { LuaModule } from '../lua-module.ts'
import { rollups } from './rollups.ts'

export const backfills: LuaModule = {
  name: 'backfills',
  needs: [rollups],
  source: `
-- Of one rollup: when it has more, or ended longer ago, the oldest that ended go, so many at a time.
local MOST_BACKFILLS = 200
local BACKFILLS_KEPT_MS = 90 * 86400000
local MOST_FORGOTTEN = 50

function fn.find_backfill(id) return fn.read(KEY.backfills, id) end
function fn.touch_backfill(row) fn.write(KEY.backfills, row.id, row) end
function fn.is_unfinished(row) return row.state == 'running' or row.state == 'paused' end
function fn.backfill_member(row) return fn.count_text(row.age) .. '/' .. row.id end
function fn.backfill_of(row) return fn.bounded(row.rollup) .. '/' .. fn.backfill_member(row) end
-- Backfills by members whose last part is the age and the id.
function fn.backfills_by(members, from)
  local ids, found = {}, {}
  for index, member in ipairs(members) do ids[index] = member:sub(from + 17) end
  fn.prefetch(KEY.backfills, ids)
  for _, id in ipairs(ids) do
    local row = fn.find_backfill(id)
    if row then found[#found + 1] = row end
  end
  return found
end
function fn.unfinished_of(name)
  local prefix = fn.bounded(name) .. '/'
  return fn.backfills_by(fn.with_prefix(KEY.openBackfills, prefix, 1000), #prefix + 1)
end
function fn.place_backfill(row)
  fn.put(KEY.backfillOrder, fn.backfill_member(row))
  fn.put(KEY.rollupBackfills, fn.backfill_of(row))
  if fn.is_unfinished(row) then fn.put(KEY.openBackfills, fn.backfill_of(row)) end
end
function fn.enter_backfill(row)
  row.age = fn.count('backfills')
  fn.place_backfill(row)
  fn.touch_backfill(row)
end
function fn.delete_backfill(row)
  fn.cut(KEY.backfillOrder, fn.backfill_member(row))
  fn.cut(KEY.rollupBackfills, fn.backfill_of(row))
  fn.cut(KEY.openBackfills, fn.backfill_of(row))
  fn.write(KEY.backfills, row.id, nil)
end
function fn.forget_old_backfills(name)
  local prefix = fn.bounded(name) .. '/'
  fn.make_moves(KEY.rollupBackfills)
  local surplus = call('ZLEXCOUNT', KEY.rollupBackfills, '[' .. prefix, '(' .. prefix .. '\\255') - MOST_BACKFILLS
  for _, row in ipairs(fn.backfills_by(fn.with_prefix(KEY.rollupBackfills, prefix, MOST_FORGOTTEN), #prefix + 1)) do
    if not fn.is_unfinished(row) and (surplus > 0 or row.finishedAt < now - BACKFILLS_KEPT_MS) then
      fn.delete_backfill(row)
      surplus = surplus - 1
    end
  end
end

function fn.end_backfill(row, state, reason)
  row.state, row.reason, row.finishedAt = state, reason, now
  fn.cut(KEY.openBackfills, fn.backfill_of(row))
  fn.touch_backfill(row)
end
function fn.end_if_done(row)
  if fn.is_unfinished(row) and row.exhausted and row.done + row.failed >= row.stamped then fn.end_backfill(row, 'finished', row.reason) end
end
-- The backfill that a window is stamped for; nil where that was cancelled.
function fn.stamp_of(window)
  local row = window.backfill and fn.find_backfill(window.backfill)
  return row and fn.is_unfinished(row) and row.id or nil
end
-- Takes the stamp off a window that is done or failed.
function fn.unstamp(window, outcome)
  local row = window.backfill and fn.find_backfill(window.backfill)
  window.backfill = nil
  if row == nil or not fn.is_unfinished(row) then return end
  row[outcome] = row[outcome] + 1
  fn.touch_backfill(row)
  fn.end_if_done(row)
end

-- A backfill as replies carry it; rows/backfill-row.ts reads it.
function fn.backfill_out(row)
  return {
    row.id, row.rollup, fn.number_out(row.from), fn.number_out(row.to), row.select, row.order, row.concurrency, row.state, row.reason or false,
    fn.number_out(row.cursor), row.exhausted and 1 or 0, row.windows, row.stamped, row.done, row.failed, fn.number_out(row.createdAt),
    fn.number_out(row.finishedAt),
  }
end
`,
}
