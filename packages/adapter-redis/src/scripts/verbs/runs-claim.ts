/** Due runs become the owner's. */
import { claim } from '../lua/claim.ts'
import { claimLine } from '../lua/claim-line.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsClaim: LuaModule = {
  name: 'runs.claim',
  needs: [claim],
  shortcut: claimLine,
  source: `
fn.take_over_expired()
fn.sweep_leases()
local claiming = fn.open_claim(request)
if claiming == nil then return fn.answer({ 'dead', {}, {} }) end
local mayStart = claiming.start
local taken, short, job = fn.claim_due(claiming, request.perJob or {})
local started = mayStart - claiming.start
-- Suspects first, so that they start at once where anything does: a crash counts only for what has begun.
local claimed = {}
for _, run in ipairs(taken) do
  if run.suspect then claimed[#claimed + 1] = fn.hand_over(run, claiming) end
end
for _, run in ipairs(taken) do
  if not run.suspect then claimed[#claimed + 1] = fn.hand_over(run, claiming) end
end
-- Short runs were claimed first, and start first.
return fn.answer({ 'ok', claimed, fn.tick_for(claiming.id, claiming.owner), job or '', short, started })
`,
}
