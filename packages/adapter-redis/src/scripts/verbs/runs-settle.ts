/** How attempts ended is written once, by whoever holds the run (engine rule 16). */
import { enqueue } from '../lua/enqueue.ts'
import { tick } from '../lua/tick.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsSettle: LuaModule = {
  name: 'runs.settle',
  needs: [enqueue, tick],
  source: `
local id = request.owner
local owner = fn.find_owner(id)
local asked = {}
for index, settlement in ipairs(request.settlements) do asked[index] = settlement.runId end
fn.prefetch(KEY.runs, asked)

local function carry_on(run, settlement)
  local following = settlement['then']
  local to = following.to
  if to == 'succeeded' then
    run.result = fn.given(following.result)
    fn.finish(run, 'succeed')
    for _, request in ipairs(settlement.enqueue or {}) do fn.enqueue_one(request) end
  elseif to == 'retry' then
    -- A cancel that was asked for meanwhile must not be lost with the attempt.
    if run.cancel then return fn.finish(run, 'cancel', run.cancel) end
    fn.change_state(run, 'retry')
    run.runAt = now + following.delayMs
    fn.place_run(run)
  elseif to == 'released' then
    fn.give_back(run)
  elseif to == 'dead' then
    fn.finish(run, 'die', following.reason)
  elseif to == 'cancelled' then
    fn.finish(run, 'cancel', following.reason)
  else
    fn.finish(run, 'skip', following.reason)
  end
end
local function settle_run(run, settlement)
  local outcome, startedAt = settlement.outcome, fn.given(settlement.startedAt)
  if settlement.progress then run.progress = settlement.progress end
  if settlement['then'].to == 'released' or startedAt == nil then
    fn.take_attempt_back(run)
  else
    local failure = fn.given(settlement.error)
    if not run.started then
      local job = fn.run_job(run)
      job.lastRun = run.id
      fn.touch(job)
    end
    fn.record_attempt(run, outcome, startedAt, failure)
    run.failure = failure
    -- It ended otherwise than with its process.
    run.suspect = nil
  end
  if outcome == 'failed' or outcome == 'timedOut' then run.failures = (run.failures or 0) + 1 end
  local wasSuspect = owner.suspect == run.id
  fn.release_run(run, settlement.holdGates == true)
  if wasSuspect then owner.suspect = nil end
  run.settled = outcome .. ' ' .. settlement['then'].to
  fn.touch_run(run)
  carry_on(run, settlement)
end

-- A success that holds no gate and has no successors: what the general way does with it comes to this.
local function settle_plain(run, settlement)
  local job, startedAt = fn.run_job(run), settlement.startedAt
  if not run.started then job.lastRun = run.id end
  fn.record_attempt(run, 'succeeded', startedAt)
  run.owner, run.state, run.finishedAt, run.settled = nil, 'succeeded', now, 'succeeded succeeded'
  run.result, run.failure = fn.given(settlement['then'].result), nil
  owner.held = owner.held - 1
  fn.cut(KEY.held, id .. '/' .. run.id)
  local key = fn.obtain_key(job, run.key)
  key.alive, key.busy = key.alive - 1, key.busy - 1
  fn.cut(KEY.alive, fn.alive_member(run))
  fn.add('alive', -1)
  job.running = job.running - 1
  job.lastSuccess, job.failures = run.id, 0
  fn.file(job, run, 's')
  fn.hint('s', run.id)
end
local function is_plain(run, settlement)
  local following = settlement['then']
  return following.to == 'succeeded' and fn.given(settlement.startedAt) ~= nil and run.gates == nil and run.suspect == nil and run.cancel == nil
    and settlement.outcome == 'succeeded' and settlement.progress == nil and fn.given(settlement.error) == nil
    and settlement.enqueue == nil and not settlement.holdGates
end

local replies = {}
for index, settlement in ipairs(request.settlements) do
  local run = fn.held_run(owner and id, settlement.runId, settlement.fence)
  local isSettled = run ~= nil
  if run and is_plain(run, settlement) then
    settle_plain(run, settlement)
  elseif run then
    settle_run(run, settlement)
  else
    -- The settlement may have arrived before, and its reply been lost.
    run = fn.find_run(settlement.runId)
    isSettled = run ~= nil and run.fence == settlement.fence and run.settled == settlement.outcome .. ' ' .. settlement['then'].to
  end
  replies[index] = { isSettled and 1 or 0, run and fn.run_job(run).failures or 0 }
end
if owner then fn.touch_owner(id, owner) end
return fn.answer({ replies, fn.tick_for(owner and id, owner) })
`,
}
