/** Enqueueing: requests become runs, or join one (engine rules 21, 23, 24). */
import { MAX_MERGING } from '@quarterjack/core/store'
import type { LuaModule } from '../lua-module.ts'
import { runs } from './runs.ts'

export const enqueue: LuaModule = {
  name: 'enqueue',
  needs: [runs],
  source: `
local MAX_MERGING = ${MAX_MERGING}

-- What is remembered until an instant: under idempotency keys, and windows that a leading debounce opened.
function fn.remembered(key, field)
  local one = fn.read(key, field)
  if one and one.endsAt > now then return one end
end
function fn.remember(key, ends, field, id, forMs)
  fn.write(key, field, { id = id, endsAt = now + forMs })
  fn.put(ends, field, now + forMs)
end
function fn.forget_over(key, ends)
  local over = fn.up_to(ends, now, 20)
  for index = 1, #over, 2 do
    local one = fn.read(key, over[index])
    if one == nil or one.endsAt <= now then
      fn.write(key, over[index], nil)
      fn.cut(ends, over[index])
    end
  end
end

function fn.payloads_of(merging, payload)
  if merging then return merging end
  return payload and { payload } or {}
end
function fn.postpone(run, runAt)
  local isWaiting = run.state == 'waiting'
  if isWaiting and runAt <= now then
    fn.cut(KEY.lines, fn.line_member(run.gate, run))
    run.runAt = runAt
    fn.put(KEY.lines, fn.line_member(run.gate, run))
    fn.touch_run(run)
    return
  end
  if isWaiting then fn.unwait(run) else fn.withdraw(run) end
  run.runAt = runAt
  fn.place_run(run)
end
-- False when its list has no room for the request: then the run is closed.
function fn.take_in(run, asked, options, windowEndsAt)
  local merging, priority, runAt = run.merging, run.priority or 0, nil
  if options.merge == 'list' then
    merging = {}
    for _, payload in ipairs(fn.payloads_of(run.merging, run.payload)) do merging[#merging + 1] = payload end
    for _, payload in ipairs(fn.payloads_of(fn.given(asked.merging), fn.given(asked.payload))) do merging[#merging + 1] = payload end
    if #merging > MAX_MERGING then
      fn.close_run(run)
      return false
    end
  end
  if options.leading then runAt = windowEndsAt or run.runAt else runAt = now + options.waitMs end
  runAt = math.min(runAt, run.createdAt + (fn.given(options.maxWaitMs) or INFINITY))
  -- Out of the index under its old order first.
  local isPrioritised = asked.priority > priority
  if isPrioritised and run.state == 'pending' then fn.unplace_run(run) end
  if isPrioritised and run.state == 'waiting' then fn.cut(KEY.lines, fn.line_member(run.gate, run)) end
  if isPrioritised then run.priority = asked.priority end
  if isPrioritised and run.state == 'waiting' then fn.put(KEY.lines, fn.line_member(run.gate, run)) end
  if options.merge == 'list' then
    run.merging = merging
    if #merging == MAX_MERGING then fn.close_run(run) end
  elseif options.merge == 'last' then
    run.payload = fn.given(asked.payload)
    run.merging = nil
  end
  run.triggers = run.triggers + asked.triggers
  fn.postpone(run, runAt)
  return true
end
-- What becomes of a debounced request: the fields of its own run; or 'coalesced' or 'dropped', and the run it joined.
function fn.debounce(job, asked, options)
  local field = fn.key_field(job, asked.key)
  local window = fn.remembered(KEY.windows, field)
  local key = fn.find_key(job, asked.key)
  local open = key and key.open and fn.find_run(key.open)
  if open and fn.take_in(open, asked, options, window and window.endsAt) then return nil, 'coalesced', open.id end
  local merging
  if options.merge == 'list' then merging = fn.payloads_of(fn.given(asked.merging), fn.given(asked.payload)) end
  local at
  if not options.leading then
    at = now + options.waitMs
  elseif window == nil and not open then
    fn.remember(KEY.windows, KEY.windowEnds, field, asked.id, options.waitMs)
    return { runAt = now, debounced = true, merging = merging }
  elseif not options.trailing and window then
    local lead = fn.find_run(window.id)
    if lead then
      lead.triggers = lead.triggers + asked.triggers
      fn.touch_run(lead)
    end
    return nil, 'dropped', window.id
  else
    at = window and window.endsAt or now
  end
  local isOpen = merging == nil or #merging < MAX_MERGING
  return { runAt = math.min(at, now + (fn.given(options.maxWaitMs) or INFINITY)), debounced = true, open = isOpen or nil, merging = merging }
end

-- The request was here before: itself, or another with its idempotency key.
function fn.find_answer(job, asked)
  local own = fn.find_run(asked.id)
  if own then return { own.state == 'skipped' and own.fence == 0 and 'skipped' or 'created', asked.id } end
  if asked.debounce then
    local absorbed = fn.read(KEY.absorbed, asked.id)
    if absorbed then return { absorbed[1], absorbed[2] } end
  end
  if asked.idempotency == nil then return nil end
  local first = fn.remembered(KEY.idempotent, fn.key_field(job, asked.idempotency.key))
  if first == nil then return nil end
  return { fn.find_run(first.id) and 'duplicate' or 'pruned', first.id }
end
-- Makes a new run claimable, or claims it.
function fn.enter(run, claiming, claim_it)
  local claimed = claim_it and claim_it(run, claiming)
  if claimed then return { 'created', run.id, claimed } end
  fn.place_run(run)
  return { 'created', run.id }
end
-- One request, whole. 'claim_it' claims a run at once, where that is asked for.
function fn.enqueue_one(asked, claiming, claim_it)
  local job = fn.obtain_job(asked.job)
  local before = fn.find_answer(job, asked)
  if before then return before end
  local reply
  local verdict, outcome, id = {}, nil, nil
  if asked.debounce then verdict, outcome, id = fn.debounce(job, asked, asked.debounce) end
  if outcome then
    fn.absorb(asked.id, { outcome, id })
    reply = { outcome, id }
  else
    local busy = asked.skipWhenBusy and fn.find_key(job, asked.key)
    local run = fn.create_run(job, {
      id = asked.id, key = asked.key, trigger = asked.trigger, slot = asked.slot, payload = fn.given(asked.payload),
      merging = verdict.merging, priority = fn.nonzero(asked.priority), runAt = verdict.runAt or fn.given(asked.runAt) or now + asked.delayMs,
      overlap = asked.overlap, gates = fn.gate_ids(asked.gates), open = verdict.open, debounced = verdict.debounced,
      triggers = asked.triggers, replayOf = asked.replayOf, trace = asked.trace,
    })
    if not asked.debounce and busy and busy.busy > 1 then
      -- One of them is the run itself.
      fn.finish_standing(run, 'skip', 'overlap')
      reply = { 'skipped', run.id }
    else
      reply = fn.enter(run, claiming, claim_it)
    end
  end
  if asked.idempotency then fn.remember(KEY.idempotent, KEY.idempotentEnds, fn.key_field(job, asked.idempotency.key), reply[2], asked.idempotency.ttlMs) end
  return reply
end
function fn.tidy_requests()
  fn.forget_over(KEY.idempotent, KEY.idempotentEnds)
  fn.forget_over(KEY.windows, KEY.windowEnds)
end
`,
}
