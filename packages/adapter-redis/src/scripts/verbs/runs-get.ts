/** Runs by id. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsGet: LuaModule = {
  name: 'runs.get',
  needs: [runs],
  source: `
fn.prefetch(KEY.runs, request.ids)
local found = {}
for index, id in ipairs(request.ids) do
  local run = fn.find_run(id)
  found[index] = run and fn.run_out(run) or false
end
return fn.answer(found)
`,
}
