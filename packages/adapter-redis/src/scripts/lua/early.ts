/** Firings that come a little before their instant. */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const early: LuaModule = {
  name: 'early',
  needs: [kernel],
  source: `
-- What was looked at before it is due, and comes a little before its instant: scripts cannot wait, so the asker is told how long to.
local LONGEST_WAIT_MS = 20
function fn.early_by(latest)
  local early = latest - now
  if request.mayWait and early > 0 and early <= LONGEST_WAIT_MS then return math.ceil(early) end
end
-- What was planned at a look does not know what was suspended and resumed since.
function fn.was_resumed(stretches)
  for _, stretch in ipairs(stretches or {}) do
    if stretch[2] > request.lookedAt then return true end
  end
  return false
end
`,
}
