/** Frees gates that a settlement left held. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsReleaseGates: LuaModule = {
  name: 'runs.releaseGates',
  needs: [runs],
  source: `
local owner = find_owner(request.owner)
for _, one in ipairs(owner and request.runs or {}) do
  local attempt = one.runId .. '/' .. format('%.0f', one.fence)
  local ids = owner.stuck[attempt]
  if ids then
    owner.stuck[attempt] = nil
    touch_owner(request.owner, owner)
    release_gates(ids)
  end
end
return answer(0)
`,
}
