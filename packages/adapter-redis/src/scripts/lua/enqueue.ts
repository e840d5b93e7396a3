/** Enqueueing: requests become runs, or join one (engine rules 21, 23, 24). */
import { MAX_MERGING } from '@quarterjack/core/store'
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const enqueue: LuaModule = {
  name: 'enqueue',
  needs: [runs],
  source: `
local MAX_MERGING, MOST_ABSORBED = ${MAX_MERGING}, 5000

-- What is remembered until an instant: under idempotency keys, and windows that a leading debounce opened.
local function remembered(key, field)
  local one = read(key, field)
  if one and one.endsAt > now then return one end
end
local function remember(key, ends, field, id, forMs)
  write(key, field, { id = id, endsAt = now + forMs })
  put(ends, field, now + forMs)
end
local function forget_over(key, ends)
  local over = up_to(ends, now, 20)
  for index = 1, #over, 2 do
    local one = read(key, over[index])
    if one == nil or one.endsAt <= now then
      write(key, over[index], nil)
      cut(ends, over[index])
    end
  end
end

local function payloads_of(merging, payload)
  if merging then return merging end
  return payload and { payload } or {}
end
local function postpone(run, runAt)
  local isWaiting = run.state == 'waiting'
  if isWaiting and runAt <= now then
    cut(KEY.lines, line_member(run.gate, run))
    run.runAt = runAt
    put(KEY.lines, line_member(run.gate, run))
    touch_run(run)
    return
  end
  if isWaiting then unwait(run) else withdraw(run) end
  run.runAt = runAt
  place_run(run)
end
-- False when its list has no room for the request: then the run is closed.
local function take_in(run, asked, options, windowEndsAt)
  local merging, priority, runAt = run.merging, run.priority or 0, nil
  if options.merge == 'list' then
    merging = {}
    for _, payload in ipairs(payloads_of(run.merging, run.payload)) do merging[#merging + 1] = payload end
    for _, payload in ipairs(payloads_of(given(asked.merging), given(asked.payload))) do merging[#merging + 1] = payload end
    if #merging > MAX_MERGING then
      close_run(run)
      return false
    end
  end
  if options.leading then runAt = windowEndsAt or run.runAt else runAt = now + options.waitMs end
  runAt = math.min(runAt, run.createdAt + (given(options.maxWaitMs) or INFINITY))
  -- Out of the index under its old order first.
  local isPrioritised = asked.priority > priority
  if isPrioritised and run.state == 'pending' then unplace_run(run) end
  if isPrioritised and run.state == 'waiting' then cut(KEY.lines, line_member(run.gate, run)) end
  if isPrioritised then run.priority = asked.priority end
  if isPrioritised and run.state == 'waiting' then put(KEY.lines, line_member(run.gate, run)) end
  if options.merge == 'list' then
    run.merging = merging
    if #merging == MAX_MERGING then close_run(run) end
  elseif options.merge == 'last' then
    run.payload = given(asked.payload)
    run.merging = nil
  end
  run.triggers = run.triggers + asked.triggers
  postpone(run, runAt)
  return true
end
-- What becomes of a debounced request: the fields of its own run; or 'coalesced' or 'dropped', and the run it joined.
local function debounce(job, asked, options)
  local field = key_field(job, asked.key)
  local window = remembered(KEY.windows, field)
  local key = find_key(job, asked.key)
  local open = key and key.open and find_run(key.open)
  if open and take_in(open, asked, options, window and window.endsAt) then return nil, 'coalesced', open.id end
  local merging
  if options.merge == 'list' then merging = payloads_of(given(asked.merging), given(asked.payload)) end
  local at
  if not options.leading then
    at = now + options.waitMs
  elseif window == nil and not open then
    remember(KEY.windows, KEY.windowEnds, field, asked.id, options.waitMs)
    return { runAt = now, debounced = true, merging = merging }
  elseif not options.trailing and window then
    local lead = find_run(window.id)
    if lead then
      lead.triggers = lead.triggers + asked.triggers
      touch_run(lead)
    end
    return nil, 'dropped', window.id
  else
    at = window and window.endsAt or now
  end
  local isOpen = merging == nil or #merging < MAX_MERGING
  return { runAt = math.min(at, now + (given(options.maxWaitMs) or INFINITY)), debounced = true, open = isOpen or nil, merging = merging }
end

-- The request was here before: itself, or another with its idempotency key.
local function find_answer(job, asked)
  local own = find_run(asked.id)
  if own then return { own.state == 'skipped' and own.fence == 0 and 'skipped' or 'created', asked.id } end
  if asked.debounce then
    local absorbed = read(KEY.absorbed, asked.id)
    if absorbed then return { absorbed[1], absorbed[2] } end
  end
  if asked.idempotency == nil then return nil end
  local first = remembered(KEY.idempotent, key_field(job, asked.idempotency.key))
  if first == nil then return nil end
  return { find_run(first.id) and 'duplicate' or 'pruned', first.id }
end
-- Makes a new run claimable, or claims it.
local function enter(run, claiming, claim_it)
  local claimed = claim_it and claim_it(run, claiming)
  if claimed then return { 'created', run.id, claimed } end
  place_run(run)
  return { 'created', run.id }
end
-- One request, whole. 'claim_it' claims a run at once, where that is asked for.
local function enqueue_one(asked, claiming, claim_it)
  local job = obtain_job(asked.job)
  local before = find_answer(job, asked)
  if before then return before end
  local reply
  local verdict, outcome, id = {}, nil, nil
  if asked.debounce then verdict, outcome, id = debounce(job, asked, asked.debounce) end
  if outcome then
    write(KEY.absorbed, asked.id, { outcome, id })
    put(KEY.absorbedOrder, asked.id, count('ends'))
    reply = { outcome, id }
  else
    local busy = asked.skipWhenBusy and find_key(job, asked.key)
    local run = create_run(job, {
      id = asked.id, key = asked.key, trigger = asked.trigger, slot = asked.slot, payload = given(asked.payload),
      merging = verdict.merging, priority = nonzero(asked.priority), runAt = verdict.runAt or given(asked.runAt) or now + asked.delayMs,
      overlap = asked.overlap, gates = gate_ids(asked.gates), open = verdict.open, debounced = verdict.debounced,
      triggers = asked.triggers, replayOf = asked.replayOf,
    })
    if not asked.debounce and busy and busy.busy > 1 then
      -- One of them is the run itself.
      finish_standing(run, 'skip', 'overlap')
      reply = { 'skipped', run.id }
    else
      reply = enter(run, claiming, claim_it)
    end
  end
  if asked.idempotency then remember(KEY.idempotent, KEY.idempotentEnds, key_field(job, asked.idempotency.key), reply[2], asked.idempotency.ttlMs) end
  return reply
end
local function tidy_requests()
  forget_over(KEY.idempotent, KEY.idempotentEnds)
  forget_over(KEY.windows, KEY.windowEnds)
  make_moves(KEY.absorbedOrder)
  local surplus = call('ZCARD', KEY.absorbedOrder) - MOST_ABSORBED
  if surplus > 0 then
    for _, old in ipairs(call('ZRANGE', KEY.absorbedOrder, 0, math.min(surplus, 200) - 1)) do
      cut(KEY.absorbedOrder, old)
      write(KEY.absorbed, old, nil)
    end
  end
end
`,
}
