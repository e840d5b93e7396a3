/** Windows become a run's, for as long as it runs under its fence. */
import { refreshers } from '../lua/refreshers.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsClaim: LuaModule = {
  name: 'windows.claim',
  needs: [refreshers],
  source: `
local function is_as_bid(rollup, row, bid)
  local when = bid.when
  if when == 'dirty' then return row ~= nil and row.dirty ~= nil end
  if when == 'missing' then return bid['end'] > rollup.watermark and not (row and row.complete) end
  if when == 'stamped' then
    local id = row and fn.stamp_of(row)
    return id ~= nil and fn.find_backfill(id).state == 'running'
  end
  return true
end
local function take_window(rollup, bid, asked)
  local row = fn.obtain_window(rollup, bid.start, bid['end'])
  -- Dirty until a refresh of it is committed.
  if row.dirty == nil then row.dirty = now end
  -- Asked again, it stays as it was taken: a first try that comes late knows less than the refresh under way.
  if not fn.is_held_by(row, asked) then
    row.run, row.fence, row.isDue, row.heldStamp = asked.runId, asked.fence, now >= bid.dueAt or nil, fn.stamp_of(row)
    row.laterSince, row.laterRemoved = nil, nil
  end
  return { fn.number_out(row.start), fn.number_out(row.to), row.seq, row.removed and 1 or 0 }
end
local function claim_one(asked)
  local rollup, run = fn.refresher(asked)
  if rollup == nil then return { run, {} } end
  fn.prefetch_windows(rollup, asked.windows)
  local taken = {}
  for _, bid in ipairs(asked.windows) do
    local row = fn.find_window(rollup, bid.start)
    local isFree = row == nil or row.run == nil or fn.is_held_by(row, asked)
    if isFree and is_as_bid(rollup, row, bid) then taken[#taken + 1] = take_window(rollup, bid, asked) end
  end
  if #taken > 0 and not run.refreshes then
    run.refreshes = true
    fn.touch_run(run)
  end
  return { 'claimed', taken }
end

local replies = {}
fn.take_over_expired()
fn.free_ended()
for index, asked in ipairs(request.claims) do replies[index] = claim_one(asked) end
return fn.answer(replies)
`,
}
