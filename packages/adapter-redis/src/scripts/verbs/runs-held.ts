/** What the store has leased to an owner. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsHeld: LuaModule = {
  name: 'runs.held',
  needs: [runs],
  source: `
local found = {}
for _, id in ipairs(fn.held_ids(request.owner)) do
  local run = fn.find_run(id)
  if run and run.owner == request.owner then found[#found + 1] = run end
end
table.sort(found, function(a, b) return a.fence < b.fence end)
local replies = {}
for index, run in ipairs(found) do replies[index] = fn.run_out(run) end
return fn.answer(replies)
`,
}
