/**
 * Triggers of one job that ask for nothing but a run, at once: what most are. Makes the runs that `runs.enqueue` makes, kept as
 * text, without the kernel, whose functions would take longer to make than this takes.
 *
 * ARGV as the kernel has it; then the name of the job; then of each request its id, its key, and what follows the instants in the
 * text of a short run. Its reply is that of the kernel; 0 where the general way must decide.
 */
import { IS_OWN_LOST, NEXT_OWN } from '../lua/own-writes.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsEnqueueShort: LuaModule = {
  name: 'runs.enqueue',
  needs: [],
  source: `
local call, format, name = redis.call, string.format, ARGV[7]
local meta = call('HMGET', KEY.meta, 'epoch', 'writes', 'dynamic', 'alive', 'ages', 'plainAt', 'line:' .. name, ARGV[3])
local epoch, writes, dynamic, alive = meta[1] or '', tonumber(meta[2]) or 0, tonumber(meta[3]) or 0, tonumber(meta[4]) or 0
if ARGV[4] ~= '' and (epoch ~= ARGV[4] or writes < tonumber(ARGV[5])) then return { epoch, writes, 0, {}, false, dynamic, alive, 1 } end
local ownText = meta[8]
local function not_here() return { epoch, writes, 0, {}, 0, dynamic, alive, 0, ownText } end
if epoch == '' or ${IS_OWN_LOST} then return not_here() end

local now = tonumber(ARGV[2]) or math.floor($TIME$)
-- Those of a line have no priority, and come one after the other.
local isInLine, count = now >= (tonumber(meta[6]) or 0), (#ARGV - 7) / 3
for index = 10, #ARGV, 3 do isInLine = isInLine and ARGV[index]:sub(1, 7) == '100000/' end
-- Where something of the job can be claimed already, its row need not be looked at.
local number, job = meta[7], nil
if not isInLine or not number or number == '' or call('HEXISTS', KEY.jobs, number) == 0 then
  number = call('HGET', KEY.jobNumbers, name)
  job = number and call('HGET', KEY.jobs, number)
  job = job and cmsgpack.unpack(job)
  if not job or job.concurrency or job.rateMax or job.suspendedAt then return not_here() end
end

local created, age, prefix = format('%.17g', now), tonumber(meta[5]) or 0, number .. '/'
local instants, counts = format('%018.3f/', now) .. created .. '/', {}
if count == 1 and isInLine then
  local id, key, ageText = ARGV[8], ARGV[9], format('%016d/', age + 1)
  if call('HSETNX', KEY.runs, id, 'N' .. prefix .. #key .. ':' .. key .. '/' .. ageText .. instants .. ARGV[10]) == 0 then return not_here() end
  call('ZADD', KEY.plain, '0', prefix .. ageText .. id)
  counts[key] = 1
else
  local ids, isAsked = {}, {}
  for index = 1, count do
    local id = ARGV[3 * index + 5]
    if isAsked[id] then return not_here() end
    isAsked[id] = true
    ids[index] = id
  end
  for _, known in ipairs(call('HMGET', KEY.runs, unpack(ids))) do
    if known then return not_here() end
  end
  local letter, at = isInLine and 'N' or 'P', 1
  local rows, byAge, members, ready, places = {}, {}, {}, {}, {}
  for index, id in ipairs(ids) do
    local key, rest = ARGV[3 * index + 6], ARGV[3 * index + 7]
    local place = places[key]
    if place == nil then
      place = prefix .. #key .. ':' .. key .. '/'
      places[key], counts[key] = place, 0
    end
    counts[key] = counts[key] + 1
    local ageText = format('%016d/', age + index)
    rows[at], rows[at + 1] = id, letter .. place .. ageText .. instants .. rest
    byAge[at], byAge[at + 1] = '0', prefix .. ageText .. id
    if not isInLine then
      members[at], members[at + 1] = '0', place .. ageText .. id
      ready[at], ready[at + 1] = '0', prefix .. rest:sub(1, 7) .. instants:sub(1, 19) .. ageText .. id
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
end

for key, added in pairs(counts) do
  local field = prefix .. key
  local row = call('HGET', KEY.keys, field)
  if row then
    row = cmsgpack.unpack(row)
  else
    row = { busy = 0, standing = 0, alive = 0, kinds = {} }
    call('ZADD', KEY.keyNames, '0', field)
  end
  row.alive, row.busy = row.alive + added, row.busy + added
  call('HSET', KEY.keys, field, cmsgpack.pack(row))
end
if job then
  -- What stands in lines is not counted in rows.
  if not isInLine then job.pending, job.ready = job.pending + count, job.ready + count end
  if job.turn == nil then
    job.turn = call('HINCRBY', KEY.meta, 'turns', 1)
    call('ZADD', KEY.readyJobs, job.turn, name)
  end
  call('HSET', KEY.jobs, number, cmsgpack.pack(job))
  call('HSET', KEY.meta, 'line:' .. name, number)
end
ownText = ${NEXT_OWN}
writes, alive = writes + 1, alive + count
call('HSET', KEY.meta, 'writes', format('%d', writes), 'alive', format('%d', alive), 'ages', format('%d', age + count), 'plainAt', isInLine and created or meta[6] or '0', ARGV[3], ownText)
call('PUBLISH', KEY.hints, '[' .. cjson.encode(ARGV[3]) .. ',["r"]]')
return { epoch, writes, created, { { 'r' } }, {}, dynamic, alive, 2, ownText }
`,
}
