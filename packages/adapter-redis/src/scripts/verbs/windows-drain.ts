/** Marks become dirty windows, and the runs that will refresh them. */
import { enqueue } from '../lua/enqueue.ts'
import { marks } from '../lua/marks.ts'
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsDrain: LuaModule = {
  name: 'windows.drain',
  needs: [enqueue, marks, rollupWindows],
  source: `
local SWEPT = 100

local function dirty_window(asked, group)
  local rollup = fn.find_rollup(asked.rollup)
  if rollup == nil then return end
  local row = fn.obtain_window(rollup, asked.start, asked['end'])
  row.seq = row.seq + 1
  fn.soil(row, group.markedAt, group.removed)
  -- A refresh that is under way may not have seen it.
  if row.run then
    row.laterSince = math.min(row.laterSince or group.markedAt, group.markedAt)
    row.laterRemoved = row.laterRemoved or group.removed or nil
  end
  fn.begin_anew(row)
end
local function add_sealed(asked)
  local rollup = fn.find_rollup(asked.rollup)
  if rollup == nil then return end
  local known = rollup.sealed or { marks = 0, from = asked.from, to = asked.to }
  rollup.sealed = { marks = known.marks + #asked.marks, from = math.min(known.from, asked.from), to = math.max(known.to, asked.to), lastAt = now }
  fn.touch_rollup(rollup)
end
local function prefetch(drain)
  local ids, fields = {}, {}
  for _, group in ipairs(drain.groups) do
    for _, id in ipairs(group.marks) do ids[#ids + 1] = fn.mark_field(id) end
    for _, window in ipairs(group.windows) do
      local rollup = fn.find_rollup(window.rollup)
      if rollup then fields[#fields + 1] = fn.window_field(rollup.number, window.start) end
    end
  end
  fn.prefetch(KEY.marks, ids)
  fn.prefetch(KEY.rollupWindows, fields)
end
local function drain_one(drain)
  local source = drain.source
  local row = fn.find_source(source)
  if row == nil or row.token ~= drain.token then return { 'stale', {} } end
  prefetch(drain)
  for _, group in ipairs(drain.groups) do
    for _, id in ipairs(group.marks) do fn.remove_mark(source, row, id) end
    for _, window in ipairs(group.windows) do dirty_window(window, group) end
  end
  for _, one in ipairs(drain.narrowed) do fn.narrow_mark(one.id, one.from, one.to) end
  for _, one in ipairs(drain.parked) do fn.park_mark(source, row, one.id, one['until']) end
  for _, one in ipairs(drain.sealed) do add_sealed(one) end
  fn.renew_token(row)
  fn.touch_source(source, row)
  for _, asked in ipairs(drain.enqueue) do fn.enqueue_one(asked) end
  return { 'drained', {} }
end

local replies = {}
fn.free_ended()
for index, drain in ipairs(request.drains) do replies[index] = drain_one(drain) end
fn.tidy_requests()
fn.sweep(SWEPT)
return fn.answer(replies)
`,
}
