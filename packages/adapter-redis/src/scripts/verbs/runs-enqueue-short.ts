/**
 * Triggers of one job that ask for nothing but a run, at once: what most are. Makes the rows and indexes that `runs.enqueue`
 * makes, without the kernel, whose functions would take longer to make than this takes.
 *
 * ARGV as the kernel has it; then of each request its id, its key, and what follows the instants in the text of a short run. Its
 * reply is that of the kernel; 0 where the general way must decide.
 */
import type { LuaModule } from '../lua-module.ts'

export const runsEnqueueShort: LuaModule = {
  name: 'runs.enqueue',
  needs: [],
  source: `
local call, format = redis.call, string.format
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'dynamic', 'alive', 'ages', 'turns')
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local name = cjson.decode(ARGV[1]).job
local number = call('HGET', KEY.jobNumbers, name)
local job = number and call('HGET', KEY.jobs, number)
job = job and cmsgpack.unpack(job)
if epoch == '' or not job or job.concurrency or job.rateMax or job.suspendedAt then return { epoch, writes, 0, {}, 0, dynamic, alive, 0 } end

local ids, isAsked = {}, {}
for index = 6, #ARGV, 3 do
  local id = ARGV[index]
  if isAsked[id] then return { epoch, writes, 0, {}, 0, dynamic, alive, 0 } end
  isAsked[id] = true
  ids[#ids + 1] = id
end
for _, known in ipairs(call('HMGET', KEY.runs, unpack(ids))) do
  if known then return { epoch, writes, 0, {}, 0, dynamic, alive, 0 } end
end

local now = tonumber(ARGV[2]) or $TIME$
local instant, created = format('%018.3f', now), format('%.17g', now)
local age = tonumber(meta[5]) or 0
local rows, byAge, aliveMembers, ready, at = {}, {}, {}, {}, 1
local places, counts = {}, {}
for index = 6, #ARGV, 3 do
  local id, key, rest = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local place = places[key]
  if place == nil then
    place = number .. '/' .. #key .. ':' .. key .. '/'
    places[key] = place
  end
  counts[key] = (counts[key] or 0) + 1
  age = age + 1
  local ageText = format('%016.0f', age) .. '/'
  place = place .. ageText
  rows[at], rows[at + 1] = id, 'P' .. place .. instant .. '/' .. created .. '/' .. rest
  byAge[at], byAge[at + 1] = 0, number .. '/' .. ageText .. id
  aliveMembers[at], aliveMembers[at + 1] = 0, place .. id
  ready[at], ready[at + 1] = 0, number .. '/' .. rest:sub(1, 7) .. instant .. '/' .. ageText .. id
  at = at + 2
end
call('HSET', KEY.runs, unpack(rows))
call('ZADD', KEY.byAge, unpack(byAge))
call('ZADD', KEY.alive, unpack(aliveMembers))
call('ZADD', KEY.ready, unpack(ready))

for key, count in pairs(counts) do
  local field = number .. '/' .. key
  local row = call('HGET', KEY.keys, field)
  if row then
    row = cmsgpack.unpack(row)
  else
    row = { busy = 0, standing = 0, alive = 0, kinds = {} }
    call('ZADD', KEY.keyNames, 0, field)
  end
  row.alive, row.busy = row.alive + count, row.busy + count
  call('HSET', KEY.keys, field, cmsgpack.pack(row))
end

local count = #ids
job.pending, job.ready = job.pending + count, job.ready + count
local turns = tonumber(meta[6]) or 0
if job.turn == nil then
  turns = turns + 1
  job.turn = turns
  call('ZADD', KEY.readyJobs, turns, name)
end
call('HSET', KEY.jobs, number, cmsgpack.pack(job))
writes, alive = writes + 1, alive + count
call('HSET', KEY.meta, 'writes', format('%.0f', writes), 'alive', format('%.0f', alive), 'ages', format('%.0f', age), 'turns', format('%.0f', turns))
call('PUBLISH', KEY.hints, '[' .. cjson.encode(ARGV[3]) .. ',["r"]]')
return { epoch, writes, created, { { 'r' } }, {}, dynamic, alive, 0 }
`,
}
