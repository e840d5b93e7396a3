/** An owner comes into being, or its lease is prolonged. */
import { takeOver } from '../lua/take-over.ts'
import { tick } from '../lua/tick.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsRenew: LuaModule = {
  name: 'runs.renew',
  needs: [takeOver, tick],
  source: `
take_over_expired()
sweep_leases()
local id = request.owner
if read(KEY.ended, id) then return answer({ 'dead', 0, {}, {}, {} }) end
local owner = find_owner(id) or { held = 0, stuck = {}, cancels = {}, jobs = {} }
owner.expiresAt = now + request.leaseMs + (holds_something(owner) and 0 or request.idleMs or 0)
if request.jobs then
  owner.jobs = {}
  for _, one in ipairs(request.jobs) do owner.jobs[one.job] = one.hash end
end
touch_owner(id, owner)
if request.survived then take_crashes_back(request.survived) end
for _, one in ipairs(request.started) do
  local run = held_run(id, one.runId, one.fence)
  if run and not run.started then start_attempt(run) end
end
for _, one in ipairs(request.progress) do
  local run = held_run(id, one.runId, one.fence)
  if run then
    run.progress = one.progress
    touch_run(run)
  end
end
local cancels = {}
for runId in pairs(owner.cancels) do
  local run = find_run(runId)
  if run and run.owner == id and run.cancel then cancels[#cancels + 1] = { runId, run.fence, run.cancel } end
end
make_moves(KEY.expired)
local expired, found = {}, call('ZRANGE', KEY.expired, 0, 999, 'WITHSCORES')
for index = 1, #found, 2 do
  expired[#expired + 1] = { found[index], tonumber(found[index + 1]) }
  cut(KEY.expired, found[index])
end
return answer({ 'live', owner.held, cancels, expired, tick_for(id, owner) })
`,
}
