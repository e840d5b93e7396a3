/**
 * Triggers of one job that ask for nothing but a run, at once: what most are. Makes the runs that `runs.enqueue` makes, kept as
 * text, without the kernel, whose functions would take longer to make than this takes.
 *
 * ARGV as the kernel has it; then the name of the job; then of each request its id, its key, and what follows the instants in the
 * text of a short run. Its reply is that of the kernel; 0 where the general way must decide.
 */
import type { LuaModule } from '../lua-module.ts'

export const runsEnqueueShort: LuaModule = {
  name: 'runs.enqueue',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'dynamic', 'alive', 'ages', 'turns', 'plainAt')
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local function not_here() return { epoch, writes, 0, {}, 0, dynamic, alive, 0 } end
local name = ARGV[6]
local number = call('HGET', KEY.jobNumbers, name)
if epoch == '' or not number then return not_here() end

local now = tonumber(ARGV[2]) or $TIME$
-- Those of a line have no priority, and come one after the other.
local isInLine = now >= (tonumber(meta[7]) or 0)
local ids, isAsked = {}, {}
for index = 7, #ARGV, 3 do
  local id = ARGV[index]
  if isAsked[id] then return not_here() end
  isAsked[id] = true
  ids[#ids + 1] = id
  isInLine = isInLine and ARGV[index + 2]:sub(1, 7) == '100000/'
end
-- Of a job that has something to be claimed, the row need not be looked at.
local job
if not isInLine or not call('ZSCORE', KEY.readyJobs, name) or call('HEXISTS', KEY.jobs, number) == 0 then
  job = call('HGET', KEY.jobs, number)
  job = job and cmsgpack.unpack(job)
  if not job or job.concurrency or job.rateMax or job.suspendedAt then return not_here() end
end
for _, known in ipairs(call('HMGET', KEY.runs, unpack(ids))) do
  if known then return not_here() end
end

local created, age, count = format('%.17g', now), tonumber(meta[5]) or 0, #ids
local instants = format('%018.3f/', now) .. created .. '/'
local prefix, letter, at = number .. '/', isInLine and 'N' or 'P', 1
local rows, byAge, members, ready, places, counts = {}, {}, {}, {}, {}, {}
for index, id in ipairs(ids) do
  local key, rest = ARGV[3 * index + 5], ARGV[3 * index + 6]
  local place = places[key]
  if place == nil then
    place = prefix .. #key .. ':' .. key .. '/'
    places[key], counts[key] = place, 0
  end
  counts[key] = counts[key] + 1
  local ageText = format('%016d/', age + index)
  rows[at], rows[at + 1] = id, letter .. place .. ageText .. instants .. rest
  byAge[at], byAge[at + 1] = 0, prefix .. ageText .. id
  if not isInLine then
    members[at], members[at + 1] = 0, place .. ageText .. id
    ready[at], ready[at + 1] = 0, prefix .. rest:sub(1, 7) .. instants:sub(1, 19) .. ageText .. id
  end
  at = at + 2
end
call('HSET', KEY.runs, unpack(rows))
if isInLine then
  call('ZADD', KEY.plain, unpack(byAge))
else
  call('ZADD', KEY.byAge, unpack(byAge))
  call('ZADD', KEY.alive, unpack(members))
  call('ZADD', KEY.ready, unpack(ready))
end

for key, added in pairs(counts) do
  local field = prefix .. key
  local row = call('HGET', KEY.keys, field)
  if row then
    row = cmsgpack.unpack(row)
  else
    row = { busy = 0, standing = 0, alive = 0, kinds = {} }
    call('ZADD', KEY.keyNames, 0, field)
  end
  row.alive, row.busy = row.alive + added, row.busy + added
  call('HSET', KEY.keys, field, cmsgpack.pack(row))
end

if job then
  -- What stands in lines is not counted in rows.
  if not isInLine then job.pending, job.ready = job.pending + count, job.ready + count end
  if job.turn == nil then
    job.turn = (tonumber(meta[6]) or 0) + 1
    call('ZADD', KEY.readyJobs, job.turn, name)
    call('HSET', KEY.meta, 'turns', format('%d', job.turn))
  end
  call('HSET', KEY.jobs, number, cmsgpack.pack(job))
end
writes, alive = writes + 1, alive + count
call('HSET', KEY.meta, 'writes', format('%d', writes), 'alive', format('%d', alive), 'ages', format('%d', age + count), 'plainAt', isInLine and created or meta[7] or '0')
call('PUBLISH', KEY.hints, '[' .. cjson.encode(ARGV[3]) .. ',["r"]]')
return { epoch, writes, created, { { 'r' } }, {}, dynamic, alive, 0 }
`,
}
