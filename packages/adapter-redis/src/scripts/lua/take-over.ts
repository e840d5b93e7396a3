/** Takes over what expired owners left (engine rule 18), and ends leases whose time is over. */
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const takeOver: LuaModule = {
  name: 'take-over',
  needs: [runs],
  source: `
-- Owners that died while a run was their only suspect; so many make it dead.
local MOST_CRASHES = 3

-- Gives a run up for its dead owner; true when that was counted as a crash.
function fn.abandon(run, owner)
  -- Only a sole suspect is to blame, and only if it had begun.
  local isBlamed = run.started and run.suspect and not owner.survived
  if isBlamed then run.crashes = (run.crashes or 0) + 1 end
  local isPoison = isBlamed and run.crashes >= MOST_CRASHES
  if run.started then
    fn.record_attempt(run, isPoison and 'crashed' or 'abandoned', run.startedAt or now)
    run.suspect = true
  else
    fn.take_attempt_back(run)
  end
  fn.release_run(run, false)
  if isPoison then
    fn.finish(run, 'die', 'crashed: ' .. run.crashes .. ' processes died while it was their only suspect')
  elseif run.cancel then
    fn.finish(run, 'cancel', run.cancel)
  else
    fn.change_state(run, 'abandon')
    fn.place_run(run)
  end
  return isBlamed
end
-- Every owner whose lease ended is dead from here on, and its runs are up for others.
function fn.take_over_expired()
  local expired = fn.up_to(KEY.ownerEnds, now, 20)
  for index = 1, #expired, 2 do
    local id = expired[index]
    local owner = fn.find_owner(id)
    if owner and owner.expiresAt <= now then
      local crashed, ids = {}, fn.held_ids(id)
      for _, runId in ipairs(ids) do
        local run = fn.find_run(runId)
        if run and run.owner == id and fn.abandon(run, owner) then crashed[#crashed + 1] = runId end
      end
      fn.end_owner(id, owner, crashed)
      fn.put(KEY.expired, id, #ids)
    elseif owner == nil then
      fn.cut(KEY.ownerEnds, id)
    end
  end
end
-- The process of a former owner lives on: what was counted against its runs is taken back.
function fn.take_crashes_back(former)
  local alive = fn.find_owner(former)
  if alive then
    alive.survived = true
    fn.touch_owner(former, alive)
  end
  local crashed = fn.read(KEY.ended, former)
  if crashed == nil then return end
  for _, id in ipairs(crashed) do
    local run = fn.find_run(id)
    if run then
      run.crashes = math.max(0, (run.crashes or 0) - 1)
      fn.touch_run(run)
    end
  end
  fn.write(KEY.ended, former, {})
end

-- Leases: mutexes held by name, over the same gates as the mutexes of jobs.
function fn.end_lease(id, gate)
  fn.cut(KEY.leases, id)
  gate.lease = nil
  gate.held = gate.held - 1
  fn.let_go(id, gate)
end
function fn.sweep_leases()
  local over = fn.up_to(KEY.leases, now, 200)
  for index = 1, #over, 2 do
    local gate = fn.read(KEY.gates, over[index])
    if gate and gate.lease and gate.lease.expiresAt <= now then fn.end_lease(over[index], gate) else fn.cut(KEY.leases, over[index]) end
  end
end
`,
}
