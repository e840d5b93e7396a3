/** How attempts ended is written once, by whoever holds the run (engine rule 16). */
import { enqueue } from '../lua/enqueue.ts'
import { tick } from '../lua/tick.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsSettle: LuaModule = {
  name: 'runs.settle',
  needs: [enqueue, tick],
  source: `
local id = request.owner
local owner = fn.find_owner(id)

local function carry_on(run, settlement)
  local following = settlement['then']
  local to = following.to
  if to == 'succeeded' then
    run.result = fn.given(following.result)
    fn.finish(run, 'succeed')
    for _, request in ipairs(settlement.enqueue or {}) do fn.enqueue_one(request) end
  elseif to == 'retry' then
    -- A cancel that was asked for meanwhile must not be lost with the attempt.
    if run.cancel then return fn.finish(run, 'cancel', run.cancel) end
    fn.change_state(run, 'retry')
    run.runAt = now + following.delayMs
    fn.place_run(run)
  elseif to == 'released' then
    fn.give_back(run)
  elseif to == 'dead' then
    fn.finish(run, 'die', following.reason)
  elseif to == 'cancelled' then
    fn.finish(run, 'cancel', following.reason)
  else
    fn.finish(run, 'skip', following.reason)
  end
end
local function settle_run(run, settlement)
  local outcome, startedAt = settlement.outcome, fn.given(settlement.startedAt)
  if settlement.progress then run.progress = settlement.progress end
  if settlement['then'].to == 'released' or startedAt == nil then
    fn.take_attempt_back(run)
  else
    local failure = fn.given(settlement.error)
    if not run.started then
      local job = fn.run_job(run)
      job.lastRun = run.id
      fn.touch(job)
    end
    fn.record_attempt(run, outcome, startedAt, failure)
    run.failure = failure
    -- It ended otherwise than with its process.
    run.suspect = nil
  end
  if outcome == 'failed' or outcome == 'timedOut' then run.failures = (run.failures or 0) + 1 end
  local wasSuspect = owner.suspect == run.id
  fn.release_run(run, settlement.holdGates == true)
  if wasSuspect then owner.suspect = nil end
  run.settled = outcome .. ' ' .. settlement['then'].to
  fn.touch_run(run)
  carry_on(run, settlement)
end

-- Successes of short runs, in lots: what the general way does with them comes to this. Of each there are four texts behind the
-- request: id, fence, start, and the result or ''. Answers the places of those that it leaves to that way.
local function short_at(index)
  local at = 3 + 4 * index
  return ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
end
local shortCount = (#ARGV - 6) / 4
local function gate_of(text, headEnds)
  local _, to, number = text:find('^%u(%d+)/', text:find('/', headEnds + 1, true) + 1)
  return 'k' .. number .. '/' .. fn.bounded_at(text, to + 1)
end
local function settle_short()
  local ids, left, isDone = {}, {}, {}
  for index = 1, shortCount do ids[index] = ARGV[3 + 4 * index] end
  local texts = #ids > 0 and call('HMGET', KEY.runs, unpack(ids)) or {}
  local holder, instant, finished = '/' .. fn.bounded(id) .. '/', fn.instant_text(now) .. '/', format('%.17g', now) .. '/'
  local rows, held, alive, filed, aged, gates, count, ends = {}, {}, {}, {}, {}, {}, 0, meta.ends
  local by, prefix, job, name, key, ageing = id .. '/', nil, nil, nil, nil, nil
  -- What shares a (job, key), came by way of its line, and stands together here, is filed as one.
  local lot, lotNumber = {}, nil
  local function file_lot()
    if lotNumber == nil then return end
    local place, file = #filed, fn.file_lot(lotNumber, { key = name, at = now, ids = lot })
    filed[place + 1], filed[place + 2] = '0', prefix .. 's/' .. file
    aged[place + 1], aged[place + 2] = '0', ageing .. file
    lot, lotNumber = {}, nil
  end
  for index = 1, shortCount do
    local runId, fence, startedAt, result = short_at(index)
    local text, head = texts[index], fence .. holder
    local headEnds, isGated = #head + 1, text and text:byte(1) == GATED
    local isShort = owner ~= nil and text and not isDone[runId] and (isGated or text:byte(1) == RUNNING) and text:find(head, 2, true) == 2
    if isShort and isGated then
      local gate = gate_of(text, headEnds)
      -- Where somebody waits at the gate, the general way lets them go.
      isShort = call('HGET', KEY.gates, gate) == 'H'
      if isShort then gates[#gates + 1] = gate end
    end
    if not isShort then
      left[#left + 1] = index
    else
      isDone[runId] = true
      count = count + 1
      local startEnds = text:find('/', headEnds + 1, true)
      local bodyAt = startEnds + 2
      if prefix == nil or text:find(prefix, bodyAt, true) ~= bodyAt then
        if key then
          file_lot()
          fn.note_crowding(job, name, key, 's')
        end
        local _, to, number = text:find('^(%d+)/', bodyAt)
        name, to = fn.bounded_at(text, to + 1)
        prefix, job = text:sub(bodyAt, to - 1), fn.job_by_number(number)
        key, ageing = fn.obtain_key(job, name), job.number .. '/' .. instant
        fn.touch(job)
      end
      -- What came by way of a line never stood among what is alive, and is of no ledger.
      local kind, placeEnds = text:byte(startEnds + 1), bodyAt - 1 + #prefix + PLACE_LENGTH
      local isInLine = kind == IN_LINE
      if not isInLine then
        file_lot()
        ends = ends + 1
        local place, file = #filed, fn.count_text(ends) .. '/r' .. runId
        if kind == PENDING then alive[#alive + 1] = text:sub(bodyAt, placeEnds) .. runId end
        filed[place + 1], filed[place + 2] = '0', prefix .. 's/' .. file
        aged[place + 1], aged[place + 2] = '0', ageing .. file
      elseif lotNumber == nil then
        ends = ends + 1
        lotNumber = ends
      end
      if isInLine then lot[#lot + 1] = runId end
      rows[2 * count - 1] = runId
      rows[2 * count] = 'S' .. format('%d', ends) .. '/' .. finished .. startedAt .. '/' .. fence .. holder .. (result ~= '' and fn.bounded(result) or '-') .. '/' .. text:sub(startEnds + 1)
      if not fn.leave_lot(id, owner, tonumber(fence)) then held[#held + 1] = by .. runId end
      if startEnds == headEnds + 1 then job.lastRun = runId end
      if shortCount - index < MOST_RECENT then
        local runAt, from = tonumber(text:sub(placeEnds + 1, placeEnds + INSTANT_LENGTH - 1)), tonumber(startedAt)
        fn.write(KEY.recent, job.number .. '/' .. (job.attempts % MOST_RECENT), { runId, 'succeeded', math.max(0, from - runAt), math.max(0, now - from) })
      end
      job.attempts, job.running, job.lastSuccess, job.failures = job.attempts + 1, job.running - 1, runId, 0
      key.alive, key.busy, key.kinds.s = key.alive - 1, key.busy - 1, (key.kinds.s or 0) + 1
      endedRuns[#endedRuns + 1] = runId
    end
  end
  if count > 0 then
    fn.set('ends', ends)
    file_lot()
    fn.note_crowding(job, name, key, 's')
    call('HSET', KEY.runs, unpack(rows))
    if #held > 0 then call('ZREM', KEY.held, unpack(held)) end
    if #alive > 0 then call('ZREM', KEY.alive, unpack(alive)) end
    if #gates > 0 then call('HDEL', KEY.gates, unpack(gates)) end
    call('ZADD', KEY.filed, unpack(filed))
    call('ZADD', KEY.aged, unpack(aged))
    owner.held = owner.held - count
    fn.add('alive', -count)
  end
  return left
end
local function settle_one(settlement)
  local run = fn.held_run(owner and id, settlement.runId, settlement.fence)
  local isSettled = run ~= nil
  if run then
    settle_run(run, settlement)
  else
    -- The settlement may have arrived before, and its reply been lost.
    run = fn.find_run(settlement.runId)
    isSettled = run ~= nil and run.fence == settlement.fence and run.settled == settlement.outcome .. ' ' .. settlement['then'].to
  end
  return { isSettled and 1 or 0, run and fn.run_job(run).failures or 0 }
end

local replies, left = {}, {}
for index, place in ipairs(settle_short()) do
  local runId, fence, startedAt, result = short_at(place)
  local success = { to = 'succeeded', result = result ~= '' and result or nil }
  local reply = settle_one({ runId = runId, fence = tonumber(fence), outcome = 'succeeded', startedAt = tonumber(startedAt), ['then'] = success })
  left[index] = { place, reply }
end
local settlements, asked = request.settlements, {}
for index, settlement in ipairs(settlements) do asked[index] = settlement.runId end
fn.prefetch(KEY.runs, asked)
for index, settlement in ipairs(settlements) do replies[index] = settle_one(settlement) end
if owner then fn.touch_owner(id, owner) end
return fn.answer({ replies, fn.tick_for(owner and id, owner), left })
`,
}
