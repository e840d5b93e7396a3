/** The news that goes with replies: when the asking owner may find work. */
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const tick: LuaModule = {
  name: 'tick',
  needs: [runs],
  source: `
local LOOKED_AT = 50

-- The first of a set, by score, that a test accepts: its member and score.
local function first_of(key, accepts)
  make_moves(key)
  local from = 0
  while true do
    local found = call('ZRANGE', key, from, from + LOOKED_AT - 1, 'WITHSCORES')
    for index = 1, #found, 2 do
      if accepts(found[index]) then return found[index], tonumber(found[index + 1]) end
    end
    if #found < 2 * LOOKED_AT then return nil end
    from = from + LOOKED_AT
  end
end
-- Rows of jobs are brought up to date first: an index is only as true as they are.
local function next_run_at(owner)
  local function is_open(name)
    if not owner.jobs[name] then return false end
    local job = find_job(name)
    return job ~= nil and not is_saturated(job)
  end
  local name = first_of(KEY.readyJobs, function(name) return is_open(name) and next_candidate(find_job(name), owner) ~= nil end)
  if name then return next_candidate(find_job(name), owner).runAt end
  local _, at = first_of(KEY.timed, is_open)
  return at
end
local function next_expiry_at(id)
  local _, earliest = first_of(KEY.holders, function(other) return other ~= id end)
  local _, lease = first_of(KEY.leases, function(name)
    local gate = read(KEY.gates, name)
    return gate ~= nil and gate.waiting > 0
  end)
  if earliest == nil or (lease and lease < earliest) then return lease end
  return earliest
end
-- For an owner; without one, only the clock is told.
local function tick_for(id, owner)
  if owner == nil then return {} end
  index_rows()
  local _, dueAt = first_of(KEY.dueJobs, function(name) return owner.jobs[name] ~= nil end)
  return { number_out(dueAt), number_out(next_run_at(owner)), number_out(next_expiry_at(id)) }
end
`,
}
