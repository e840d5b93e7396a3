/** An owner comes into being, or its lease is prolonged. */
import { damage } from '../lua/damage.ts'
import { takeOver } from '../lua/take-over.ts'
import { tick } from '../lua/tick.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsRenew: LuaModule = {
  name: 'runs.renew',
  needs: [damage, takeOver, tick],
  source: `
if isDamaged then return fn.answer({ 'damaged' }) end
fn.take_over_expired()
fn.sweep_leases()
local id = request.owner
if fn.read(KEY.ended, id) then return fn.answer({ 'dead', 0, {}, {}, {} }) end
local known = fn.find_owner(id)
local owner = known or { held = 0, stuck = {}, cancels = {}, jobs = {} }
owner.expiresAt = now + request.leaseMs + (fn.holds_something(owner) and 0 or request.idleMs or 0)
if request.jobs then
  owner.jobs = {}
  for _, one in ipairs(request.jobs) do owner.jobs[one.job] = one.hash end
end
fn.touch_owner(id, owner)
if request.survived then fn.take_crashes_back(request.survived) end
for _, one in ipairs(request.started) do
  local run = fn.held_run(id, one.runId, one.fence)
  if run and not run.started then fn.start_attempt(run) end
end
for _, one in ipairs(request.progress) do
  local run = fn.held_run(id, one.runId, one.fence)
  if run then
    run.progress = one.progress
    fn.touch_run(run)
  end
end
local cancels = {}
for runId in pairs(owner.cancels) do
  local run = fn.find_run(runId)
  if run and run.owner == id and run.cancel then cancels[#cancels + 1] = { runId, run.fence, run.cancel } end
end
fn.make_moves(KEY.expired)
local expired, found = {}, call('ZRANGE', KEY.expired, 0, 999, 'WITHSCORES')
for index = 1, #found, 2 do
  expired[#expired + 1] = { found[index], tonumber(found[index + 1]) }
  fn.cut(KEY.expired, found[index])
end
-- Tells nothing, but that whoever hears it is still reached.
if request.beat then call('PUBLISH', KEY.hints, cjson.encode({ ARGV[3] })) end
local told = fn.tick_for(id, owner)
-- Renewals that changed nothing else are counted: by the other writes whoever renews next can tell that there was no news.
local beats, isNews = tonumber(call('HGET', KEY.meta, 'beats')) or 0, not known or request.jobs or request.survived or #expired > 0 or next(metaChanges)
for key, fields in pairs(changed) do
  for field in pairs(fields) do isNews = isNews or key ~= KEY.owners or field ~= id end
end
if not isNews then beats = fn.set('beats', beats + 1) end
return fn.answer({ 'live', owner.held, cancels, expired, told, beats })
`,
}
