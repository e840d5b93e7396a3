/**
 * Firings that make one run each, which is claimed at once, of schedules that are as the asker knows them: what the general way does
 * with them comes to this. The run is kept as text. Whatever is otherwise is left to that way.
 *
 * The request has groups: what `count` firings share. Of each there are three texts behind it: the schedule's name, the run's id, and the
 * beginning of the schedule's text up to its next slot; and, where any takes a gate, of each its key behind a colon, or -.
 * Reply: the places of those that were left, the first of the fences, which follow one another, key and the rest of what was asked
 * for of those that have them to tell, how many start at once, and the news.
 */
import { claim } from '../lua/claim.ts'
import { early } from '../lua/early.ts'
import { schedules } from '../lua/schedules.ts'
import type { LuaModule } from '../lua-module.ts'

export const schedulesFirePlain: LuaModule = {
  name: 'schedules.fire',
  needs: [claim, early, schedules],
  source: `
local groups = request.groups
if request.mayWait then
  local latest = now
  for _, group in ipairs(groups) do latest = math.max(latest, group.dueAt) end
  local early = fn.early_by(latest)
  if early then return fn.answer(early) end
end
local claiming = fn.open_claim(request.claim)
local owner = claiming and claiming.owner

local function may_fire(job, group)
  return claiming and job and now >= meta.claimsFrom and group.dueAt <= now and not job.suspendedAt and owner.jobs[job.name] ~= nil
    and fn.due_count(job) == 0 and not job.concurrency and not job.rateMax and not (request.lookedAt and fn.was_resumed(job.stretches))
end
-- First all that is looked at is read, each in one command.
local texts, knownRuns, rowsOfKeys, gateRows = {}, {}, {}, {}
local count = 0
local gatesFrom = 6 + 3 * request.count
local function read_schedules()
  local fields, ids = {}, {}
  for _, group in ipairs(groups) do
    group.job = fn.find_job(group.job)
    group.mayFire = may_fire(group.job, group)
    for index = count + 1, count + group.count do
      fields[index] = (group.job and group.job.number or '') .. '/' .. ARGV[4 + 3 * index]
      ids[index] = ARGV[5 + 3 * index]
    end
    count = count + group.count
  end
  texts, knownRuns = call('HMGET', KEY.schedules, unpack(fields)), call('HMGET', KEY.runs, unpack(ids))
end
-- Of those that are as they should be: key, where what stays of the text begins, slots, ledger, and the end of what its runs are asked for.
local keyOf, restAt, slotsOf, ledgerOf, askedOf = {}, {}, {}, {}, {}
local function read_texts()
  local at, keys, gates = 0, {}, {}
  for _, group in ipairs(groups) do
    local due = format('%.17g/%.17g/', group.slot, group.dueAt)
    for index = at + 1, at + (group.mayFire and group.count or 0) do
      local text, head = texts[index], ARGV[6 + 3 * index] .. due
      if text and not knownRuns[index] and text:sub(1, #head) == head then
        local _, to, from, ledger, keyLength, askedLength = text:find('^[^/]*/[^/]*/().([^/]*)/(%d+)/(%d+)/', #head + 18)
        local key, gated = text:sub(to + 1, to + keyLength), ARGV[gatesFrom + index]
        if gated == nil or gated == '-' or gated == ':' .. key then
          keyOf[index], restAt[index], ledgerOf[index], slotsOf[index] = key, from, ledger, tonumber(text:sub(#head + 1, #head + 16))
          askedOf[index] = text:sub(to + keyLength + 1, to + keyLength + askedLength)
          keys[#keys + 1] = group.job.number .. '/' .. key
          if gated and gated ~= '-' then gates[#gates + 1] = 'k' .. group.job.number .. '/' .. key end
        end
      end
    end
    at = at + group.count
  end
  if #keys > 0 then
    for index, row in ipairs(call('HMGET', KEY.keys, unpack(keys))) do rowsOfKeys[keys[index]] = row and cmsgpack.unpack(row) end
  end
  if #gates > 0 then
    for index, row in ipairs(call('HMGET', KEY.gates, unpack(gates))) do gateRows[gates[index]] = row end
  end
end

local TOLD = 75
local left, told, taken, started = {}, {}, {}, 0
local rows, byAge, ledgers, dueCut, due, moved, gates, changedKeys = {}, {}, {}, {}, {}, {}, {}, {}
local firstFence = fn.least_fence(claiming and claiming.seenFence)
local function fire_group(group, at)
  local job, prefix = group.job, group.job.number .. '/'
  local holder, created = '/' .. fn.bounded(claiming.id) .. '/', format('%.17g', now)
  local dueText, nextText = prefix .. fn.instant_text(group.dueAt) .. '/', prefix .. fn.instant_text(group.nextDueAt) .. '/'
  local ledgerText, nextHead = '/' .. fn.instant_text(group.slot) .. '/r', format('%.17g/%.17g/', group.nextSlot, group.nextDueAt)
  local cursor = format('/%.17g/', group.through)
  local body = fn.instant_text(group.dueAt) .. '/' .. created .. '/' .. fn.priority_text(group.priority) .. '//{"trigger":"schedule","overlap":"'
    .. group.overlap .. '","triggers":1,"slot":' .. format('%.17g', group.slot)
  for index = at + 1, at + group.count do
    local key = keyOf[index]
    local isFree, isGated, field, row = key ~= nil and claiming.left > 0, false, nil, nil
    if isFree then
      field, isGated = prefix .. key, group.overlap ~= 'allow'
      row = rowsOfKeys[field]
      -- Another run of the key: what becomes of this one is for the general way to say.
      if isGated and (row and row.alive > 0 or gateRows['k' .. field]) then isFree = false end
    end
    if not isFree then
      left[#left + 1] = index
    else
      local lot, text, name, id = #taken, texts[index], ARGV[4 + 3 * index], ARGV[5 + 3 * index]
      if not row then
        row = { busy = 0, standing = 0, alive = 0, kinds = {} }
        rowsOfKeys[field] = row
        fn.put(KEY.keyNames, field)
      end
      row.alive, row.busy = row.alive + 1, row.busy + 1
      changedKeys[field] = row
      local age = format('%016d/', meta.ages + lot + 1)
      local place = prefix .. #key .. ':' .. key .. '/' .. age
      local isStarted = claiming.start > 0
      if isStarted then
        claiming.start, started, job.lastRun = claiming.start - 1, started + 1, id
      end
      taken[lot + 1] = id
      local a, b = 2 * lot + 1, 2 * lot + 2
      rows[a], rows[b] = id, (isGated and 'G' or 'R') .. format('%d', firstFence + lot) .. holder .. (isStarted and created or '') .. '/F' .. place .. body
        .. (isGated and ',"gates":[' .. cjson.encode('k' .. field) .. ']' or '') .. askedOf[index]
      byAge[a], byAge[b] = '0', prefix .. age .. id
      ledgers[a], ledgers[b] = '0', ledgerOf[index] .. ledgerText .. id
      dueCut[lot + 1] = dueText .. name
      due[a], due[b] = '0', nextText .. name
      moved[a], moved[b] = prefix .. name, ARGV[6 + 3 * index] .. nextHead .. format('%016d', slotsOf[index] + 1) .. cursor .. id .. '/' .. text:sub(restAt[index])
      if isGated then
        gates[#gates + 1] = 'k' .. field
        gates[#gates + 1] = 'H'
      end
      if text:byte(restAt[index]) == TOLD then told[#told + 1] = { index, key, askedOf[index] } end
      job.running = job.running + 1
      claiming.left = claiming.left - 1
    end
  end
end

read_schedules()
read_texts()
local at = 0
for _, group in ipairs(groups) do
  if group.mayFire then
    fire_group(group, at)
  else
    for index = at + 1, at + group.count do left[#left + 1] = index end
  end
  at = at + group.count
end
if #taken > 0 then
  call('HSET', KEY.runs, unpack(rows))
  call('HSET', KEY.schedules, unpack(moved))
  call('ZREM', KEY.due, unpack(dueCut))
  call('ZADD', KEY.due, unpack(due))
  call('ZADD', KEY.byAge, unpack(byAge))
  call('ZADD', KEY.ledger, unpack(ledgers))
  if #gates > 0 then call('HSET', KEY.gates, unpack(gates)) end
  local keys = {}
  for field, row in pairs(changedKeys) do
    keys[#keys + 1] = field
    keys[#keys + 1] = cmsgpack.pack(row)
  end
  call('HSET', KEY.keys, unpack(keys))
  for _, group in ipairs(groups) do
    if group.mayFire then
      dueChanged[group.job.number] = group.job
      fn.touch(group.job)
    end
  end
  fn.hold_lot(claiming.id, owner, firstFence, taken)
  fn.set('fence', firstFence + #taken - 1)
  fn.add('ages', #taken)
  fn.add('alive', #taken)
  owner.held = owner.held + #taken
  fn.touch_owner(claiming.id, owner)
end
return fn.answer({ left, format('%.0f', firstFence), told, started, fn.tick_for(claiming and claiming.id, owner) })
`,
}
