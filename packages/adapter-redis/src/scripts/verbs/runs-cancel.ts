/** At once what has not begun, by request what runs (engine rule 20). */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsCancel: LuaModule = {
  name: 'runs.cancel',
  needs: [runs],
  source: `
local replies = {}
for index, asked in ipairs(request.runs) do
  local run = fn.find_run(asked.id)
  replies[index] = run and fn.cancel_run(run, asked.reason) or 'unknown'
end
return fn.answer(replies)
`,
}
