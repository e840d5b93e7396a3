/** Frees gates that a settlement left held. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsReleaseGates: LuaModule = {
  name: 'runs.releaseGates',
  needs: [runs],
  source: `
local owner = fn.find_owner(request.owner)
for _, one in ipairs(owner and request.runs or {}) do
  local attempt = one.runId .. '/' .. format('%.0f', one.fence)
  local ids = owner.stuck[attempt]
  if ids then
    owner.stuck[attempt] = nil
    fn.touch_owner(request.owner, owner)
    fn.release_gates(ids)
  end
end
return fn.answer(0)
`,
}
