/** Fills in counts that ranges did not have. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesCountSkips: LuaModule = {
  name: 'schedules.countSkips',
  needs: [schedules],
  source: `
local job = fn.find_job(request.job)
local row = job and fn.find_schedule(job, request.name)
for _, asked in ipairs(row and request.counts or {}) do
  local skip = fn.read(KEY.skips, asked.id)
  if skip and skip.ledger == row.ledger and skip.count == nil then
    skip.count = asked.count
    fn.write(KEY.skips, skip.id, skip)
    row.slots = row.slots + asked.count
    local generation = format('%.0f', skip.specGeneration)
    local uncounted = (row.uncounted and row.uncounted[generation] or 1) - 1
    if row.uncounted then row.uncounted[generation] = uncounted > 0 and uncounted or nil end
    fn.note_crowding(job, skip.key, fn.obtain_key(job, skip.key), 'g')
  end
end
if row then
  fn.trim_history(row)
  fn.touch_schedule(job, row)
end
return fn.answer(0)
`,
}
