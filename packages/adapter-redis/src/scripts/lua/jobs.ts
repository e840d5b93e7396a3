/** Jobs, their keys, and the owners that hold their runs. Indexes know a job by its number, so that it can change its name. */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const jobs: LuaModule = {
  name: 'jobs',
  needs: [kernel],
  source: `
local numbers = {}
local function number_of(name)
  local number = numbers[name]
  if number == nil then
    number = call('HGET', KEY.jobNumbers, name)
    numbers[name] = number
  end
  return number or nil
end
local function job_by_number(number) return read(KEY.jobs, number) end
local function find_job(name)
  local number = number_of(name)
  return number and job_by_number(number)
end
-- Every job that a script touched is written, and stands in its indexes, at the end.
local touched, touchedNumbers = {}, {}
local function touch(job)
  if not touched[job.number] then
    touched[job.number] = job
    touchedNumbers[#touchedNumbers + 1] = job.number
  end
end
local function name_job(job, name)
  job.name = name
  numbers[name] = job.number
  call('HSET', KEY.jobNumbers, name, job.number)
end
-- Runs and schedules may come before the definition.
local function obtain_job(name)
  local job = find_job(name)
  if job then return job end
  job = {
    number = format('%.0f', count('jobs')), generation = 0, hash = '', superseded = {}, stretches = {}, statics = {},
    pending = 0, waiting = 0, running = 0, ready = 0, suspects = 0, delayed = 0, schedules = 0, failures = 0, attempts = 0,
  }
  name_job(job, name)
  write(KEY.jobs, job.number, job)
  touch(job)
  return job
end
local function is_known(job) return job.generation > 0 or job.schedules > 0 end

-- What shares a (job, key).
local function key_field(job, key) return job.number .. '/' .. key end
local function find_key(job, key) return read(KEY.keys, key_field(job, key)) end
local function obtain_key(job, key)
  local field = key_field(job, key)
  local row = read(KEY.keys, field)
  if row == nil then
    row = { busy = 0, standing = 0, alive = 0, kinds = {} }
    put(KEY.keyNames, field)
  end
  write(KEY.keys, field, row)
  return row
end
local function drop_key_if_empty(job, key)
  local field = key_field(job, key)
  local row = read(KEY.keys, field)
  if row == nil or row.alive > 0 or next(row.kinds) ~= nil then return end
  write(KEY.keys, field, nil)
  cut(KEY.keyNames, field)
  cut(KEY.crowded, field)
end

-- Owners: processes with a lease (engine rule 13).
local owners = {}
local function find_owner(id) return read(KEY.owners, id) end
local function touch_owner(id, owner)
  owners[id] = owner
  write(KEY.owners, id, owner)
end
local function live_owner(id)
  local owner = find_owner(id)
  return owner and owner.expiresAt > now and owner or nil
end
local function stuck_count(owner)
  local stuck = 0
  for _ in pairs(owner.stuck) do stuck = stuck + 1 end
  return stuck
end
local function holds_something(owner) return owner.held > 0 or next(owner.stuck) ~= nil end
-- Hashes that live owners declare for a job.
local function declarations(name)
  local found = {}
  make_moves(KEY.ownerEnds)
  local ids = call('ZRANGEBYSCORE', KEY.ownerEnds, '(' .. format('%.17g', now), '+inf')
  prefetch(KEY.owners, ids)
  for _, id in ipairs(ids) do
    local owner = find_owner(id)
    if owner and owner.jobs[name] then found[#found + 1] = owner.jobs[name] end
  end
  return found
end
beforeWriting[#beforeWriting + 1] = function()
  for id, owner in pairs(owners) do
    if read(KEY.owners, id) then
      put(KEY.ownerEnds, id, owner.expiresAt)
      if holds_something(owner) then put(KEY.holders, id, owner.expiresAt) else cut(KEY.holders, id) end
    else
      cut(KEY.ownerEnds, id)
      cut(KEY.holders, id)
    end
  end
end
`,
}
