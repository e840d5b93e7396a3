/**
 * Windows that have a record, and the indexes that lead to them. What a window's record says is where it stands: before a
 * window changes, it is noted where it stood, and what differs in the end is written.
 */
import type { LuaModule } from '../lua-module.ts'
import { backfills } from './backfills.ts'

export const rollupWindows: LuaModule = {
  name: 'rollup-windows',
  needs: [backfills],
  source: `
-- Windows that one call frees: a bound on its time, the next one goes on.
local MOST_FREED = 1000

function fn.window_field(number, start) return number .. '/' .. fn.edge_text(start) end
function fn.find_window(rollup, start) return fn.read(KEY.rollupWindows, fn.window_field(rollup.number, start)) end
function fn.prefetch_windows(rollup, windows)
  local fields = {}
  for index, one in ipairs(windows) do fields[index] = fn.window_field(rollup.number, one.start) end
  fn.prefetch(KEY.rollupWindows, fields)
end

-- Where a window stands, by index.
function fn.places_of(row)
  local number, edge, places = row.number, fn.edge_text(row.start), {}
  local field = number .. '/' .. edge
  places[KEY.rollupStarts] = field
  if row.dirty then
    local since = fn.instant_text(row.dirty) .. '/' .. edge
    places[KEY.rollupDirty] = number .. '/' .. since
    if row.retryAt then
      places[KEY.rollupRetries] = number .. '/' .. fn.instant_text(row.retryAt) .. '/' .. since
    elseif not row.run and not row.suspect and not row.failure then
      places[KEY.rollupOpen] = number .. '/' .. since
    end
  end
  if row.run then
    places[KEY.rollupHeld] = fn.hold_text(row.run, row.fence) .. field
    places[KEY.rollupBusy] = field
  end
  if row.failure then places[KEY.rollupFailed] = field end
  if row.suspect then places[KEY.rollupSuspects] = field end
  if row.backfill then places[KEY.rollupStamped] = fn.bounded(row.backfill) .. '/' .. field end
  return places
end

-- Each that changes, with where it stood before.
local changing, stood = {}, {}
-- To be called before a window is changed.
function fn.change_window(row)
  if stood[row] then return end
  changing[#changing + 1] = row
  stood[row] = row.isNew and {} or fn.places_of(row)
  row.isNew = nil
end
function fn.obtain_window(rollup, start, to)
  local row = fn.find_window(rollup, start)
  if row == nil then
    row = { rollup = rollup.name, number = rollup.number, start = start, to = to, seq = 0, attempts = 0, fence = 0, isNew = true }
    fn.cacheOf(KEY.rollupWindows)[fn.window_field(rollup.number, start)] = row
  end
  fn.change_window(row)
  return row
end
-- Others need no record.
function fn.is_exceptional(rollup, row)
  if row.dirty or row.run or row.suspect or row.backfill then return true end
  return (row.complete or row.refreshedAt ~= nil) and row.to > rollup.watermark
end
function fn.settle_windows()
  local list = changing
  changing = {}
  for _, row in ipairs(list) do
    local rollup, before, after = fn.find_rollup(row.rollup), stood[row], {}
    stood[row] = nil
    if fn.is_exceptional(rollup, row) then
      after = fn.places_of(row)
      fn.write(KEY.rollupWindows, fn.window_field(row.number, row.start), row)
    else
      fn.write(KEY.rollupWindows, fn.window_field(row.number, row.start), nil)
    end
    for key, member in pairs(before) do
      if after[key] ~= member then fn.cut(key, member) end
    end
    for key, member in pairs(after) do
      if before[key] ~= member then fn.put(key, member) end
    end
  end
end
beforeWriting[#beforeWriting + 1] = fn.settle_windows

-- The window as its rollup has it now; nil for one that is left to be swept.
function fn.current_window(field)
  local row = fn.read(KEY.rollupWindows, field)
  local rollup = row and fn.find_rollup(row.rollup)
  if rollup and rollup.number == row.number then return row, rollup end
end
-- What was given up or looked wrong begins anew.
function fn.begin_anew(row)
  if row.retryAt == nil then row.attempts, row.failure = 0, nil end
  row.suspect = nil
end
function fn.let_window_go(row)
  row.run, row.fence, row.isDue, row.heldStamp, row.laterSince, row.laterRemoved = nil, 0, nil, nil, nil, nil
end
-- Dirty since then, or longer.
function fn.soil(row, since, removed)
  row.dirty = math.min(row.dirty or since, since)
  row.removed = row.removed or removed or nil
end
-- Frees what is held by runs that do not run any more under the fence of their claim.
function fn.free_ended()
  fn.make_moves(KEY.rollupFreed)
  local left = MOST_FREED
  for _, hold in ipairs(call('ZRANGE', KEY.rollupFreed, 0, 99)) do
    if left <= 0 then return end
    local members, fields = fn.with_prefix(KEY.rollupHeld, hold, left), {}
    for index, member in ipairs(members) do fields[index] = member:sub(#hold + 1) end
    fn.prefetch(KEY.rollupWindows, fields)
    for index, field in ipairs(fields) do
      local row, rollup = fn.current_window(field)
      if row and row.run then
        fn.change_window(row)
        fn.let_window_go(row)
      else
        fn.cut(KEY.rollupHeld, members[index])
      end
    end
    if #members < left then
      fn.cut(KEY.rollupFreed, hold)
      fn.write(KEY.rollupCommits, hold, nil)
    end
    left = left - #members
  end
end
-- Deletes what is left of windows that no rollup has any more, and stamps of backfills that were cancelled; so many at a time.
-- True when nothing is left.
function fn.sweep(most)
  fn.settle_windows()
  fn.make_moves(KEY.rollupTrash)
  for _, name in ipairs(call('ZRANGE', KEY.rollupTrash, 0, 9)) do
    local backfill = name:match('^b(.*)$')
    local key = backfill and KEY.rollupStamped or KEY.rollupStarts
    local prefix = (backfill and fn.bounded(backfill) or name) .. '/'
    local members, fields = fn.with_prefix(key, prefix, most), {}
    for index, member in ipairs(members) do fields[index] = backfill and member:sub(#prefix + 1) or member end
    fn.prefetch(KEY.rollupWindows, fields)
    for index, field in ipairs(fields) do
      local row, rollup = fn.current_window(field)
      if backfill and row then
        fn.change_window(row)
        row.backfill = nil
      elseif backfill == nil then
        local old = fn.read(KEY.rollupWindows, field)
        for place, member in pairs(old and fn.places_of(old) or {}) do fn.cut(place, member) end
        fn.write(KEY.rollupWindows, field, nil)
      end
      fn.cut(key, members[index])
    end
    if #members < most then fn.cut(KEY.rollupTrash, name) end
    most = most - #members
    if most <= 0 then return false end
  end
  fn.make_moves(KEY.rollupTrash)
  return call('ZCARD', KEY.rollupTrash) == 0
end

-- Moves the watermark over what is complete; so many at a time.
function fn.advance_watermark(rollup)
  for _ = 1, 1000 do
    local row = fn.find_window(rollup, rollup.watermark)
    if row == nil or not row.complete then return end
    fn.change_window(row)
    rollup.watermark = row.to
    fn.touch_rollup(rollup)
  end
end

-- A window as replies carry it; rows/window-row.ts reads it.
function fn.window_out(row)
  return {
    row.rollup, fn.number_out(row.start), fn.number_out(row.to), row.seq, fn.number_out(row.dirty), row.removed and 1 or 0,
    row.complete and 1 or 0, fn.number_out(row.refreshedAt), row.attempts, row.failure or false, fn.number_out(row.retryAt),
    row.suspect or false, fn.stamp_of(row) or false, row.run or false, row.fence,
  }
end
-- Records by the members of an index, whose last part is the edge.
function fn.windows_out(rollup, members)
  local fields, found = {}, {}
  for index, member in ipairs(members) do fields[index] = rollup.number .. '/' .. member:sub(-EDGE_LENGTH) end
  fn.prefetch(KEY.rollupWindows, fields)
  for _, field in ipairs(fields) do
    local row = fn.read(KEY.rollupWindows, field)
    if row then found[#found + 1] = fn.window_out(row) end
  end
  return found
end
`,
}
