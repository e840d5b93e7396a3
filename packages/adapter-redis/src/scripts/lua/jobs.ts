/** Jobs, their keys, and the owners that hold their runs. Indexes know a job by its number, so that it can change its name. */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const jobs: LuaModule = {
  name: 'jobs',
  needs: [kernel],
  source: `
local numbers = {}
function fn.number_of(name)
  local number = numbers[name]
  if number == nil then
    number = call('HGET', KEY.jobNumbers, name)
    numbers[name] = number
  end
  return number or nil
end
-- Rows do not count what stands in lines: a trigger need not change the row of its job for that.
readers[KEY.jobs] = function(text)
  local job = cmsgpack.unpack(text)
  local prefix = job.number .. '/'
  job.plain = call('ZLEXCOUNT', KEY.plain, '[' .. prefix, '(' .. prefix .. '\\255')
  job.pending = job.pending + job.plain
  return job
end
beforePacking[#beforePacking + 1] = function()
  for number in pairs(changed[KEY.jobs] or {}) do
    local job = cache[KEY.jobs][number]
    if job then job.pending, job.plain = job.pending - job.plain, nil end
  end
end
function fn.job_by_number(number) return fn.read(KEY.jobs, number) end
function fn.find_job(name)
  local number = fn.number_of(name)
  return number and fn.job_by_number(number)
end
-- Every job that a script touched is written, and stands in its indexes, at the end.
local touched, touchedNumbers = {}, {}
function fn.touch(job)
  if not touched[job.number] then
    touched[job.number] = job
    touchedNumbers[#touchedNumbers + 1] = job.number
  end
end
function fn.name_job(job, name)
  job.name = name
  numbers[name] = job.number
  call('HSET', KEY.jobNumbers, name, job.number)
end
-- Runs and schedules may come before the definition.
function fn.obtain_job(name)
  local job = fn.find_job(name)
  if job then return job end
  job = {
    number = format('%.0f', fn.count('jobs')), generation = 0, hash = '', superseded = {}, stretches = {}, statics = {},
    pending = 0, waiting = 0, running = 0, plain = 0, ready = 0, suspects = 0, delayed = 0, schedules = 0, failures = 0, attempts = 0,
  }
  fn.name_job(job, name)
  fn.write(KEY.jobs, job.number, job)
  fn.touch(job)
  return job
end
function fn.is_known(job) return job.generation > 0 or job.schedules > 0 end

-- What shares a (job, key).
function fn.key_field(job, key) return job.number .. '/' .. key end
function fn.find_key(job, key) return fn.read(KEY.keys, fn.key_field(job, key)) end
function fn.obtain_key(job, key)
  local field = fn.key_field(job, key)
  local row = fn.read(KEY.keys, field)
  if row == nil then
    row = { busy = 0, standing = 0, alive = 0, kinds = {} }
    fn.put(KEY.keyNames, field)
  end
  fn.write(KEY.keys, field, row)
  return row
end
function fn.drop_key_if_empty(job, key)
  local field = fn.key_field(job, key)
  local row = fn.read(KEY.keys, field)
  if row == nil or row.alive > 0 or next(row.kinds) ~= nil then return end
  fn.write(KEY.keys, field, nil)
  fn.cut(KEY.keyNames, field)
  fn.cut(KEY.crowded, field)
end

-- Owners: processes with a lease (engine rule 13).
local owners = {}
function fn.find_owner(id) return fn.read(KEY.owners, id) end
function fn.touch_owner(id, owner)
  owners[id] = owner
  fn.write(KEY.owners, id, owner)
end
function fn.live_owner(id)
  local owner = fn.find_owner(id)
  return owner and owner.expiresAt > now and owner or nil
end
function fn.stuck_count(owner)
  local stuck = 0
  for _ in pairs(owner.stuck) do stuck = stuck + 1 end
  return stuck
end
function fn.holds_something(owner) return owner.held > 0 or next(owner.stuck) ~= nil end
-- Hashes that live owners declare for a job.
function fn.declarations(name)
  local found = {}
  fn.make_moves(KEY.ownerEnds)
  local ids = call('ZRANGEBYSCORE', KEY.ownerEnds, '(' .. format('%.17g', now), '+inf')
  fn.prefetch(KEY.owners, ids)
  for _, id in ipairs(ids) do
    local owner = fn.find_owner(id)
    if owner and owner.jobs[name] then found[#found + 1] = owner.jobs[name] end
  end
  return found
end
beforeWriting[#beforeWriting + 1] = function()
  for id, owner in pairs(owners) do
    if fn.read(KEY.owners, id) then
      fn.put(KEY.ownerEnds, id, owner.expiresAt)
      if fn.holds_something(owner) then fn.put(KEY.holders, id, owner.expiresAt) else fn.cut(KEY.holders, id) end
    else
      fn.cut(KEY.ownerEnds, id)
      fn.cut(KEY.holders, id)
    end
  end
end
`,
}
