/** Creates or changes dynamic schedules. */
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesSet: LuaModule = {
  name: 'schedules.set',
  needs: [schedules],
  source: `
local replies, incarnations = {}, {}
for index, asked in ipairs(request.schedules) do incarnations[index] = asked.incarnation end
fn.prefetch(KEY.absorbed, incarnations)
for index, asked in ipairs(request.schedules) do replies[index] = fn.write_schedule(fn.obtain_job(asked.job), asked) end
return fn.answer(replies)
`,
}
