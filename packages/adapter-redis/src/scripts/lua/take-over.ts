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
local function abandon(run, owner)
  -- Only a sole suspect is to blame, and only if it had begun.
  local isBlamed = run.started and run.suspect and not owner.survived
  if isBlamed then run.crashes = (run.crashes or 0) + 1 end
  local isPoison = isBlamed and run.crashes >= MOST_CRASHES
  if run.started then
    record_attempt(run, isPoison and 'crashed' or 'abandoned', run.startedAt or now)
    run.suspect = true
  else
    take_attempt_back(run)
  end
  release_run(run, false)
  if isPoison then
    finish(run, 'die', 'crashed: ' .. run.crashes .. ' processes died while it was their only suspect')
  elseif run.cancel then
    finish(run, 'cancel', run.cancel)
  else
    change_state(run, 'abandon')
    place_run(run)
  end
  return isBlamed
end
-- Every owner whose lease ended is dead from here on, and its runs are up for others.
local function take_over_expired()
  local expired = up_to(KEY.ownerEnds, now, 20)
  for index = 1, #expired, 2 do
    local id = expired[index]
    local owner = find_owner(id)
    if owner and owner.expiresAt <= now then
      local crashed, ids = {}, held_ids(id)
      for _, runId in ipairs(ids) do
        local run = find_run(runId)
        if run and run.owner == id and abandon(run, owner) then crashed[#crashed + 1] = runId end
      end
      end_owner(id, owner, crashed)
      put(KEY.expired, id, #ids)
    elseif owner == nil then
      cut(KEY.ownerEnds, id)
    end
  end
end
-- The process of a former owner lives on: what was counted against its runs is taken back.
local function take_crashes_back(former)
  local alive = find_owner(former)
  if alive then
    alive.survived = true
    touch_owner(former, alive)
  end
  local crashed = read(KEY.ended, former)
  if crashed == nil then return end
  for _, id in ipairs(crashed) do
    local run = find_run(id)
    if run then
      run.crashes = math.max(0, (run.crashes or 0) - 1)
      touch_run(run)
    end
  end
  write(KEY.ended, former, {})
end

-- Leases: mutexes held by name, over the same gates as the mutexes of jobs.
local function end_lease(id, gate)
  cut(KEY.leases, id)
  gate.lease = nil
  gate.held = gate.held - 1
  let_go(id, gate)
end
local function sweep_leases()
  local over = up_to(KEY.leases, now, 200)
  for index = 1, #over, 2 do
    local gate = read(KEY.gates, over[index])
    if gate and gate.lease and gate.lease.expiresAt <= now then end_lease(over[index], gate) else cut(KEY.leases, over[index]) end
  end
end
`,
}
