/** Due runs become the owner's. */
import { claim } from '../lua/claim.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsClaim: LuaModule = {
  name: 'runs.claim',
  needs: [claim],
  source: `
fn.take_over_expired()
fn.sweep_leases()
local claiming = fn.open_claim(request)
if claiming == nil then return fn.answer({ 'dead', {}, {} }) end
local taken, plain = fn.claim_due(claiming, request.perJob or {})
-- Suspects first, so that they start at once where anything does: a crash counts only for what has begun.
local claimed = {}
for _, run in ipairs(taken) do
  if run.suspect then claimed[#claimed + 1] = fn.hand_over(run, claiming) end
end
for _, run in ipairs(taken) do
  if not run.suspect then claimed[#claimed + 1] = fn.hand_over(run, claiming) end
end
-- They were claimed first, and start first; in the short form where that tells all of each.
local first, job, others, isShort = {}, plain[1] and fn.run_job(plain[1]).name or '', {}, true
for _, run in ipairs(plain) do isShort = isShort and fn.is_first(run) end
for index, run in ipairs(plain) do
  if isShort then first[index] = fn.plain_out(run) else others[index] = { fn.run_out(run), run.started and 1 or 0 } end
end
for _, one in ipairs(claimed) do others[#others + 1] = one end
return fn.answer({ 'ok', others, fn.tick_for(claiming.id, claiming.owner), job, first })
`,
}
