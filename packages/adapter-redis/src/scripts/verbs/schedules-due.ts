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
local rows, stretches, ownAt = {}, {}, nil
-- After a loss nothing fires before everybody has told what they saw fired.
if now >= meta.claimsFrom then rows, stretches, ownAt = fn.due_shares(request.owner, owner, request.limit, request.aheadMs or 0) end
local news, later = fn.tick_for(request.owner, owner), fn.due_beside_others(owner, ownAt)
if later then news[1] = fn.number_out(later) end
return fn.answer({ rows, stretches, news })
`,
}
