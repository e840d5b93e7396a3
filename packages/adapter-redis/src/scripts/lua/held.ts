/** What owners hold: runs by themselves, and in lots. */
import type { LuaModule } from '../lua-module.ts'
import { gates } from './gates.ts'

export const held: LuaModule = {
  name: 'held',
  needs: [gates],
  source: `
-- Runs that were claimed together are held as one, under fences that follow one another: the list of them is kept by the first.
-- The owner's row counts how many are left of each.
local LOT = '\\1'
function fn.lot_member(owner, lot) return owner .. '/' .. LOT .. lot end
function fn.hold_lot(id, owner, fence, ids)
  if #ids == 1 then return fn.put(KEY.held, id .. '/' .. ids[1]) end
  local lot = format('%d', fence)
  owner.lots = owner.lots or {}
  owner.lots[lot] = { #ids, #ids }
  call('HSET', KEY.heldLots, lot, cmsgpack.pack(ids))
  fn.put(KEY.held, fn.lot_member(id, lot))
end
-- The run of that fence is not held any more. False where it was held by itself.
function fn.leave_lot(id, owner, fence)
  for lot, counts in pairs(owner.lots or {}) do
    local place = fence - tonumber(lot)
    if place >= 0 and place < counts[1] then
      counts[2] = counts[2] - 1
      if counts[2] == 0 then
        owner.lots[lot] = nil
        fn.cut(KEY.held, fn.lot_member(id, lot))
        fn.write(KEY.heldLots, lot, nil)
      end
      return true
    end
  end
  return false
end
-- Of an owner that ends; its runs have been taken from it.
function fn.end_lots(id)
  local lots = fn.lot_member(id, '')
  fn.each_with_prefix(KEY.held, lots, function(member)
    fn.cut(KEY.held, member)
    fn.write(KEY.heldLots, member:sub(#lots + 1), nil)
  end)
end
function fn.held_ids(id)
  local prefix, ids, lots = id .. '/', {}, {}
  fn.each_with_prefix(KEY.held, prefix, function(member)
    local name = member:sub(#prefix + 1)
    if name:sub(1, 1) == LOT then lots[#lots + 1] = name:sub(2) else ids[#ids + 1] = name end
  end)
  fn.prefetch(KEY.runs, ids)
  for _, lot in ipairs(lots) do
    local claimed = fn.read(KEY.heldLots, lot) or {}
    fn.prefetch(KEY.runs, claimed)
    for index, runId in ipairs(claimed) do
      -- Others were settled or given back since, and may be held again.
      local run = fn.find_run(runId)
      if run and run.owner == id and run.fence == lot + index - 1 then ids[#ids + 1] = runId end
    end
  end
  table.sort(ids)
  return ids
end
`,
}
