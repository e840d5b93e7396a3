/** A job's definition and its static schedules, whole or not at all (engine rules 4, 6). */
import { renameJob } from '../lua/rename-job.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesRegister: LuaModule = {
  name: 'schedules.register',
  needs: [renameJob],
  source: `
-- Former hashes that are kept.
local MOST_SUPERSEDED = 50

-- The job that is to change its name, if this one is not known yet.
local function find_former(asked)
  local job = fn.find_job(asked.job)
  if (job and job.generation or 0) > 0 or asked.renamedFrom == nil then return nil end
  local former = fn.find_job(asked.renamedFrom)
  return former and former.generation > 0 and former or nil
end
-- True when the definition changed.
local function redefine(job, asked)
  local concurrency, rate = fn.given(asked.concurrency), fn.given(asked.rateLimit)
  local hasNewLimits = job.concurrency ~= concurrency or job.rateMax ~= (rate and rate.max) or job.ratePerMs ~= (rate and rate.perMs)
  if hasNewLimits then fn.set_limits(job, concurrency, rate) end
  local isNew = job.generation == 0
  if not isNew and job.hash ~= asked.hash then
    local superseded = {}
    for _, hash in ipairs(job.superseded) do
      if hash ~= asked.hash then superseded[#superseded + 1] = hash end
    end
    superseded[#superseded + 1] = job.hash
    if #superseded > MOST_SUPERSEDED then table.remove(superseded, 1) end
    job.superseded = superseded
  end
  local isChanged = isNew or hasNewLimits or job.hash ~= asked.hash
  job.hash = asked.hash
  return isChanged
end
-- Writes the static set, and retires what is missing in it. True when anything changed.
local function write_statics(job, asked)
  local kept, isChanged = {}, false
  for _, one in ipairs(asked.schedules) do
    kept[one.name] = true
    if fn.write_schedule(job, one)[1] ~= 'unchanged' then isChanged = true end
  end
  local retired = {}
  for _, name in ipairs(job.statics) do
    if not kept[name] then retired[#retired + 1] = name end
  end
  for _, name in ipairs(retired) do
    local row = fn.find_schedule(job, name)
    if row then fn.remove_schedule(job, row) end
    isChanged = true
  end
  return isChanged
end
local function register_one(asked)
  local job = fn.find_job(asked.job)
  local generation = job and job.generation or 0
  local former = find_former(asked)
  local home = former or job
  local isStale = generation ~= asked.expectedGeneration
  for _, one in ipairs(home and asked.schedules or {}) do isStale = isStale or fn.is_stale_write(home, one) end
  if isStale then return { 'stale', generation } end
  if former then fn.rename_job(former, asked.job) end
  job = fn.obtain_job(asked.job)
  local suspended = fn.given(asked.suspended)
  if job.generation == 0 and suspended and job.suspendedAt == nil then
    job.suspendedAt, job.suspendedReason = suspended.at, suspended.reason
    dueChanged[job.number] = job
  end
  local isDefinitionChanged, isSetChanged = redefine(job, asked), write_statics(job, asked)
  if isDefinitionChanged or isSetChanged then job.generation = job.generation + 1 end
  fn.touch(job)
  return { 'registered', job.generation }
end
local replies = {}
for index, asked in ipairs(request.registrations) do replies[index] = register_one(asked) end
return fn.answer(replies)
`,
}
