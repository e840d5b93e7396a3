/**
 * Under every script: its request, its instant, and rows that are read once, changed in place, and written together at the end.
 *
 * ARGV: the request as JSON, the instant or '', the id of the asking process, the epoch ('' for none) and number of the newest
 * write that it saw, and the number of the newest of its own ('0' for none). A store that is behind them lost writes: nothing is
 * done but to say so.
 * Reply: epoch, number of the newest write, instant, hints, the verb's own reply, how many dynamic schedules and unfinished
 * runs there are, what became of it (0: nothing was written; 1: it was refused; 2: it wrote), the number of the process' own
 * newest write, and the microseconds of the instant that its milliseconds leave out.
 */
import type { LuaModule } from '../lua-module.ts'
import { IS_OWN_LOST, NEXT_OWN, TABLE_FIELD } from './own-writes.ts'

export const kernel: LuaModule = {
  name: 'kernel',
  needs: [],
  source: `
-- Functions of modules are fields of one table: closures over hundreds of locals would cost each script its first 100 µs.
local fn = {}
local call, format, floor = redis.call, string.format, math.floor
local request = cjson.decode(ARGV[1])
local now, fraction = tonumber(ARGV[2]), 0
if now == nil then
  local exact = $TIME$
  now = floor(exact)
  fraction = floor((exact - now) * 1000)
end
local INFINITY = math.huge

-- JSON's null as Lua's nil.
function fn.given(value)
  if value == cjson.null then return nil end
  return value
end

-- Numbers of the whole prefix: writes, fences, ages of runs, ends of runs, turns of jobs.
local meta = {}
local ownText, outcome = nil, 0
do
  local fields = call('HMGET', KEY.meta, 'epoch', 'writes', 'fence', 'ages', 'ends', 'turns', 'jobs', 'skips', 'dynamic', 'alive', 'leasesFrom', 'claimsFrom', 'due', 'dueJobs', 'plainAt', ARGV[3])
  meta.epoch = fields[1] or ''
  meta.writes, meta.fence, meta.ages, meta.ends = tonumber(fields[2]) or 0, tonumber(fields[3]) or 0, tonumber(fields[4]) or 0, tonumber(fields[5]) or 0
  meta.turns, meta.jobs, meta.skips = tonumber(fields[6]) or 0, tonumber(fields[7]) or 0, tonumber(fields[8]) or 0
  -- How many there are; and from when on leases and runs are given after a loss.
  meta.dynamic, meta.alive = tonumber(fields[9]) or 0, tonumber(fields[10]) or 0
  meta.leasesFrom, meta.claimsFrom = tonumber(fields[11]) or 0, tonumber(fields[12]) or 0
  -- How many members two indexes should have, to notice where some were deleted.
  meta.due, meta.dueJobs = tonumber(fields[13]) or 0, tonumber(fields[14]) or 0
  -- The latest instant of what stands in the lines of jobs.
  meta.plainAt = tonumber(fields[15]) or 0
  ownText = fields[16]
end
local metaChanges = {}
function fn.set(name, value)
  meta[name] = value
  metaChanges[name] = value
  return value
end
function fn.add(name, by) return fn.set(name, meta[name] + by) end
function fn.count(name) return fn.add(name, 1) end

-- Larger than every fence before, than the time in microseconds, and than the caller has seen (engine rule 15).
function fn.least_fence(seen) return math.max(meta.fence + 1, floor(now * 1000), (seen or 0) + 1) end
function fn.next_fence(seen) return fn.set('fence', fn.least_fence(seen)) end

-- Rows of hashes: MessagePack, unless a module brings a reader of its own, or a writer, which answers nil for what is to be kept as others are.
local cache, changed, readers, writers = {}, {}, {}, {}
function fn.unpacked(key, text) return (readers[key] or cmsgpack.unpack)(text) end
function fn.cacheOf(key)
  local rows = cache[key]
  if rows == nil then
    rows = {}
    cache[key] = rows
  end
  return rows
end
function fn.read(key, field)
  local rows = fn.cacheOf(key)
  local row = rows[field]
  if row == nil then
    local text = call('HGET', key, field)
    row = text and fn.unpacked(key, text) or false
    rows[field] = row
  end
  return row or nil
end
function fn.each_chunk(list, size, visit)
  for from = 1, #list, size do visit(from, math.min(from + size - 1, #list)) end
end
-- Reads many rows at once, for the reads that follow.
function fn.prefetch(key, fields)
  local rows, missing = fn.cacheOf(key), {}
  for _, field in ipairs(fields) do
    if rows[field] == nil then
      rows[field] = false
      missing[#missing + 1] = field
    end
  end
  fn.each_chunk(missing, 1000, function(from, to)
    local texts = call('HMGET', key, unpack(missing, from, to))
    for index, text in ipairs(texts) do
      if text then rows[missing[from + index - 1]] = fn.unpacked(key, text) end
    end
  end)
end
function fn.write(key, field, row)
  fn.cacheOf(key)[field] = row or false
  local fields = changed[key]
  if fields == nil then
    fields = {}
    changed[key] = fields
  end
  fields[field] = true
end

-- Members of sorted sets: changes are gathered, and made before the set is read again.
local pendingMembers = {}
function fn.move(key, member, score)
  local members = pendingMembers[key]
  if members == nil then
    members = {}
    pendingMembers[key] = members
  end
  members[member] = score
end
-- As text: Redis prints each number that a script passes, which takes as long as a command.
function fn.put(key, member, score) fn.move(key, member, score or '0') end
function fn.cut(key, member) fn.move(key, member, false) end
function fn.make_moves(key)
  local members = pendingMembers[key]
  if members == nil then return end
  pendingMembers[key] = nil
  local added, removed = {}, {}
  for member, score in pairs(members) do
    if score then
      added[#added + 1] = score
      added[#added + 1] = member
    else
      removed[#removed + 1] = member
    end
  end
  fn.each_chunk(removed, 2000, function(from, to) call('ZREM', key, unpack(removed, from, to)) end)
  fn.each_chunk(added, 2000, function(from, to) call('ZADD', key, unpack(added, from, to)) end)
end
function fn.clear(key) call('ZREMRANGEBYRANK', key, 0, -1) end
-- Members that begin with a text, in order; 'after' leaves out all up to that member.
function fn.with_prefix(key, prefix, limit, after)
  fn.make_moves(key)
  return call('ZRANGEBYLEX', key, after and '(' .. after or '[' .. prefix, '(' .. prefix .. '\\255', 'LIMIT', 0, limit)
end
function fn.with_prefix_newest(key, prefix, limit, before)
  fn.make_moves(key)
  return call('ZREVRANGEBYLEX', key, before and '(' .. before or '(' .. prefix .. '\\255', '[' .. prefix, 'LIMIT', 0, limit)
end
-- Calls 'visit' with each member that begins with a text, until it returns true.
function fn.each_with_prefix(key, prefix, visit)
  local last
  while true do
    local members = fn.with_prefix(key, prefix, 500, last)
    for _, member in ipairs(members) do
      if visit(member) then return end
      last = member
    end
    if #members < 500 then return end
  end
end
-- Up to a score, earliest first: member, score, member, score, …
function fn.up_to(key, score, limit)
  fn.make_moves(key)
  return call('ZRANGEBYSCORE', key, '-inf', score, 'WITHSCORES', 'LIMIT', 0, limit)
end

-- Texts that sort as their numbers do.
function fn.instant_text(instant) return format('%018.3f', instant) end
function fn.instant_at(text, at) return tonumber(text:sub(at, at + 17)) end
function fn.count_text(value) return format('%016d', value) end
function fn.priority_text(priority) return format('%06.0f', 100000 - priority) end
-- A text that cannot run into what follows it.
function fn.bounded(text) return #text .. ':' .. text end
-- What windows are held by: a run under a fence.
function fn.hold_text(id, fence) return fn.bounded(id) .. '/' .. format('%.0f', fence) .. '/' end

-- Hints, each once; and the runs that ended, told together.
local hints, isHinted, endedRuns = {}, {}, { 's' }
function fn.hint(kind, about)
  local name = kind .. (about or '')
  if isHinted[name] then return end
  isHinted[name] = true
  hints[#hints + 1] = about and { kind, about } or { kind }
end

-- What modules do so that indexes tell what rows say, and what they do last of all.
local beforeWriting, beforePacking = {}, {}
function fn.index_rows()
  for _, prepare in ipairs(beforeWriting) do prepare() end
end

-- Numbers as replies carry them: Redis cuts fractions off.
function fn.number_out(value)
  if value == nil then return false end
  if value == floor(value) then return value end
  return format('%.17g', value)
end

function fn.write_rows()
  fn.index_rows()
  for _, prepare in ipairs(beforePacking) do prepare() end
  local isWriting = next(changed) ~= nil or next(pendingMembers) ~= nil or next(metaChanges) ~= nil
  if not isWriting then return end
  for key, fields in pairs(changed) do
    local rows, kept, gone, write = cache[key], {}, {}, writers[key]
    for field in pairs(fields) do
      local row = rows[field]
      if row then
        kept[#kept + 1] = field
        kept[#kept + 1] = write and write(row, field) or cmsgpack.pack(row)
      else
        gone[#gone + 1] = field
      end
    end
    fn.each_chunk(gone, 2000, function(from, to) call('HDEL', key, unpack(gone, from, to)) end)
    fn.each_chunk(kept, 2000, function(from, to) call('HSET', key, unpack(kept, from, to)) end)
  end
  for key in pairs(pendingMembers) do fn.make_moves(key) end
  if meta.epoch == '' then
    -- The first write there is, or the first after everything was lost. What is behind the dot grows with losses of less.
    fn.set('epoch', format('%.0f', now * 1000) .. '-' .. ARGV[3] .. '.0')
    fn.set('${TABLE_FIELD}', '')
  end
  fn.count('writes')
  outcome, ownText = 2, ${NEXT_OWN}
  fn.set(ARGV[3], ownText)
  local fields = {}
  for name, value in pairs(metaChanges) do
    fields[#fields + 1] = name
    fields[#fields + 1] = type(value) == 'number' and format('%.0f', value) or value
  end
  fn.each_chunk(fields, 2000, function(from, to) call('HSET', KEY.meta, unpack(fields, from, to)) end)
end

function fn.answer(reply)
  fn.write_rows()
  if #endedRuns > 1 then hints[#hints + 1] = endedRuns end
  if #hints > 0 then
    local message = { ARGV[3] }
    for _, one in ipairs(hints) do message[#message + 1] = one end
    call('PUBLISH', KEY.hints, cjson.encode(message))
  end
  return { meta.epoch, meta.writes, fn.number_out(now), hints, reply, meta.dynamic, meta.alive, outcome, ownText, fraction }
end

-- What was dropped for its age is not lost.
if not ownText and ARGV[6] ~= '0' and tonumber(ARGV[6]:match('%d+$')) < (tonumber(call('HGET', KEY.meta, 'ownFrom')) or 0) then ownText = ARGV[6] end
if ARGV[4] ~= '' and (meta.epoch ~= ARGV[4] or meta.writes < tonumber(ARGV[5]) or ${IS_OWN_LOST}) then
  return { meta.epoch, meta.writes, fn.number_out(now), {}, false, meta.dynamic, meta.alive, 1 }
end
`,
}
