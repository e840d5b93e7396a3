/** The news that goes with replies: when the asking owner may find work. */
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const tick: LuaModule = {
  name: 'tick',
  needs: [runs],
  source: `
local LOOKED_AT = 50

-- The first of a set, by score, that a test accepts: its member and score.
function fn.first_of(key, accepts)
  fn.make_moves(key)
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
function fn.next_run_at(owner)
  local function is_open(name)
    if not owner.jobs[name] then return false end
    local job = fn.find_job(name)
    return job ~= nil and not fn.is_saturated(job)
  end
  local _, earliest = fn.first_of(KEY.timed, is_open)
  fn.first_of(KEY.readyJobs, function(name)
    local run = is_open(name) and fn.next_candidate(fn.find_job(name), owner)
    if run then earliest = math.min(earliest or INFINITY, run.runAt) end
    -- None is later than now, unless the clock went back.
    return earliest ~= nil and earliest <= now
  end)
  return earliest and math.max(earliest, meta.claimsFrom)
end
function fn.next_expiry_at(id)
  local _, earliest = fn.first_of(KEY.holders, function(other) return other ~= id end)
  local _, lease = fn.first_of(KEY.leases, function(name)
    local gate = fn.read(KEY.gates, name)
    return gate ~= nil and gate.waiting > 0
  end)
  if earliest == nil or (lease and lease < earliest) then return lease end
  return earliest
end
-- For an owner; without one, only the clock is told.
function fn.tick_for(id, owner)
  if owner == nil then return {} end
  fn.index_rows()
  local _, dueAt = fn.first_of(KEY.dueJobs, function(name) return owner.jobs[name] ~= nil end)
  dueAt = dueAt and math.max(dueAt, meta.claimsFrom)
  return { fn.number_out(dueAt), fn.number_out(fn.next_run_at(owner)), fn.number_out(fn.next_expiry_at(id)) }
end
`,
}
