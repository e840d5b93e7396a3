/**
 * The log of marks: per source, oldest first. Sources with marks stand in a line, from which `collect` serves them in turn; those
 * that were served go to its end. Parked marks wait apart for their instant.
 */
import type { LuaModule } from '../lua-module.ts'
import { rollups } from './rollups.ts'

export const marks: LuaModule = {
  name: 'marks',
  needs: [rollups],
  source: `
-- Marks of one source that one call takes out of parking: a bound on its time, the next one goes on.
local MOST_UNPARKED = 1000
local touchedSources, isSourceTouched = {}, {}
function fn.find_source(source) return fn.read(KEY.sources, source) end
function fn.touch_source(source, row)
  if not isSourceTouched[source] then
    isSourceTouched[source] = true
    touchedSources[#touchedSources + 1] = source
  end
  fn.write(KEY.sources, source, row)
end
function fn.obtain_source(source)
  local row = fn.find_source(source)
  if row == nil then
    row = { waiting = 0, parked = 0 }
    fn.renew_token(row)
  end
  fn.touch_source(source, row)
  return row
end
-- What was collected under the former one is stale.
function fn.renew_token(row) row.token = format('%.0f', fn.count('tokens')) end
-- A definition that reads it changed.
function fn.note_readers(source)
  local row = fn.find_source(source)
  if row == nil then return end
  fn.renew_token(row)
  fn.touch_source(source, row)
end

-- A mark: from, to, kind, when it was written, until when it is parked or false, its source.
function fn.mark_field(id) return format('%.0f', id) end
function fn.mark_member(source, id) return fn.bounded(source) .. '/' .. fn.count_text(id) end
function fn.parked_member(source, id, untilAt) return fn.bounded(source) .. '/' .. fn.instant_text(untilAt) .. '/' .. fn.count_text(id) end
function fn.append_mark(asked)
  local id, row = fn.count('marks'), fn.obtain_source(asked.source)
  fn.write(KEY.marks, fn.mark_field(id), { asked.from, asked.to, asked.kind, now, false, asked.source })
  fn.put(KEY.markOrder, fn.mark_member(asked.source, id))
  row.waiting = row.waiting + 1
end
function fn.unplace_mark(source, row, id, mark)
  if mark[5] then
    fn.cut(KEY.parkedMarks, fn.parked_member(source, id, mark[5]))
    row.parked = row.parked - 1
  else
    fn.cut(KEY.markOrder, fn.mark_member(source, id))
    row.waiting = row.waiting - 1
  end
end
function fn.remove_mark(source, row, id)
  local mark = fn.read(KEY.marks, fn.mark_field(id))
  if mark == nil then return end
  fn.unplace_mark(source, row, id, mark)
  fn.write(KEY.marks, fn.mark_field(id), nil)
end
function fn.park_mark(source, row, id, untilAt)
  local mark = fn.read(KEY.marks, fn.mark_field(id))
  if mark == nil then return end
  fn.unplace_mark(source, row, id, mark)
  mark[5] = untilAt
  fn.put(KEY.parkedMarks, fn.parked_member(source, id, untilAt))
  row.parked = row.parked + 1
  fn.write(KEY.marks, fn.mark_field(id), mark)
end
function fn.narrow_mark(id, from, to)
  local mark = fn.read(KEY.marks, fn.mark_field(id))
  if mark == nil then return end
  mark[1], mark[2] = from, to
  fn.write(KEY.marks, fn.mark_field(id), mark)
end

-- Marks whose instant has come wait to be drained as others do, in their place.
function fn.unpark(source, row)
  if row.parked == 0 then return end
  fn.make_moves(KEY.parkedMarks)
  local prefix, fields = fn.bounded(source) .. '/', {}
  local members = call('ZRANGEBYLEX', KEY.parkedMarks, '[' .. prefix, '(' .. prefix .. fn.instant_text(now) .. '0', 'LIMIT', 0, MOST_UNPARKED)
  for index, member in ipairs(members) do fields[index] = fn.mark_field(tonumber(member:sub(#prefix + 20))) end
  fn.prefetch(KEY.marks, fields)
  for index, field in ipairs(fields) do
    local mark, id = fn.read(KEY.marks, field), tonumber(field)
    if mark then
      mark[5] = false
      fn.write(KEY.marks, field, mark)
      fn.put(KEY.markOrder, fn.mark_member(source, id))
      row.waiting = row.waiting + 1
    end
    fn.cut(KEY.parkedMarks, members[index])
    row.parked = row.parked - 1
    fn.touch_source(source, row)
  end
end
-- Ids of the first marks of a source that wait to be drained, oldest first.
function fn.first_marks(source, limit)
  local prefix, ids = fn.bounded(source) .. '/', {}
  for index, member in ipairs(fn.with_prefix(KEY.markOrder, prefix, limit)) do ids[index] = tonumber(member:sub(#prefix + 1)) end
  return ids
end
-- When the next parked mark of a source comes up.
function fn.next_parked_at(source, row)
  if row.parked == 0 then return nil end
  fn.make_moves(KEY.parkedMarks)
  local prefix = fn.bounded(source) .. '/'
  local member = call('ZRANGEBYLEX', KEY.parkedMarks, '[' .. prefix .. fn.instant_text(now) .. '0', '(' .. prefix .. '\\255', 'LIMIT', 0, 1)[1]
  return member and fn.instant_at(member, #prefix + 1)
end

-- The source goes to the end of the line.
function fn.use_source_turn(source, row)
  row.turn = fn.count('turns')
  fn.put(KEY.sourceLine, source, row.turn)
  fn.touch_source(source, row)
end

-- A source without marks is nothing; one that nobody reads stands in no line.
function fn.index_sources()
  for _, source in ipairs(touchedSources) do
    local row = fn.find_source(source)
    if row and row.waiting + row.parked == 0 then
      fn.cut(KEY.sourceLine, source)
      fn.cut(KEY.parkedSources, source)
      fn.write(KEY.sources, source, nil)
    elseif row then
      local isRead = fn.has_readers(source)
      if isRead and row.waiting > 0 then
        if row.turn == nil then fn.use_source_turn(source, row) end
      elseif row.turn then
        row.turn = nil
        fn.cut(KEY.sourceLine, source)
      end
      if isRead and row.parked > 0 then
        if row.parkTurn == nil then
          row.parkTurn = fn.count('turns')
          fn.put(KEY.parkedSources, source, row.parkTurn)
        end
      elseif row.parkTurn then
        row.parkTurn = nil
        fn.cut(KEY.parkedSources, source)
      end
    end
  end
end
beforeWriting[#beforeWriting + 1] = fn.index_sources
`,
}
