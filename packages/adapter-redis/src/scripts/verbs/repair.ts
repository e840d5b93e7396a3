/** After writes were lost: what a process knows better than the store (engine rule 30). */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const repair: LuaModule = {
  name: 'repair',
  needs: [schedules],
  source: `
local isEmpty = meta.epoch == ''
if isEmpty then
  -- Rows may be left that were counted before: what is counted now is larger.
  for _, name in ipairs({ 'ages', 'ends', 'turns', 'skips', 'rollups', 'marks', 'tokens', 'backfills', 'generations' }) do fn.set(name, floor(now)) end
end
if meta.epoch == request.epoch then
  -- The others are to notice as well.
  local lineage, losses = meta.epoch:match('^(.*)%.(%d+)$')
  fn.set('epoch', lineage .. '.' .. format('%.0f', losses + 1))
end
-- Whoever held something before the loss still trusts it for that long.
local from = now + request.graceMs
fn.set('leasesFrom', math.max(meta.leasesFrom, from))
local isWhole = isEmpty or meta.epoch:match('^(.*)%.') ~= request.epoch:match('^(.*)%.')
if not isWhole then fn.set('claimsFrom', math.max(meta.claimsFrom, from)) end
fn.set('fence', math.max(meta.fence, request.seenFence))

-- Slots that this process saw fired must not fire again; their records are gone.
for _, seen in ipairs(request.cursors) do
  local job = fn.find_job(seen.job)
  local row = job and fn.find_schedule(job, seen.name)
  if row and row.incarnation == seen.incarnation and row.generation == seen.generation and row.cursor < seen.through then
    if row.nextSlot and row.nextSlot <= seen.through then fn.record_skip(job, row, 'lost', row.nextSlot, seen.through) end
    fn.move_cursor(row, seen.through, fn.given(seen.nextSlot), fn.given(seen.nextDueAt))
    fn.index_schedule(job, row)
  end
end
return fn.answer(isWhole and 1 or 0)
`,
}
