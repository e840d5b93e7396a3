/** Which schedules are due: costs what it gives, however many are stored. */
import { dueShares } from '../lua/due-shares.ts'
import { tick } from '../lua/tick.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesDue: LuaModule = {
  name: 'schedules.due',
  needs: [dueShares, tick],
  source: `
local owner = fn.live_owner(request.owner)
if owner == nil then return fn.answer({ {}, {}, {} }) end
local rows, stretches = {}, {}
-- After a loss nothing fires before everybody has told what they saw fired.
if now >= meta.claimsFrom then rows, stretches = fn.due_shares(owner, request.limit) end
return fn.answer({ rows, stretches, fn.tick_for(request.owner, owner) })
`,
}
