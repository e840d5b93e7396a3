/** Claiming: which due runs an owner gets, within gates, rate limits and its own limits (engine rules 11, 12, 18). */
import type { LuaModule } from '../lua-module.ts'
import { takeOver } from './take-over.ts'
import { tick } from './tick.ts'

export const claim: LuaModule = {
  name: 'claim',
  needs: [takeOver, tick],
  source: `
-- Runs of one job that one claim may find blocked: a bound on the time of a call, the next one goes on.
local MOST_BLOCKED = 1000

-- A claim by a live owner, whose lease it renews; nil for others.
function fn.open_claim(asked)
  local id = asked.owner
  local owner = fn.live_owner(id)
  if owner == nil then return nil end
  owner.expiresAt = now + asked.leaseMs
  fn.touch_owner(id, owner)
  fn.advance_runs()
  return { id = id, owner = owner, seenFence = asked.seenFence, left = asked.limit, start = asked.start }
end
-- The run becomes the owner's.
function fn.take(run, claiming)
  local owner, job = claiming.owner, fn.run_job(run)
  fn.change_state(run, 'claim')
  fn.take_gates(run)
  fn.close_run(run)
  if run.debounced and run.fence == 0 then
    local key = fn.obtain_key(job, run.key)
    key.busy = key.busy + 1
  end
  run.fence = fn.next_fence(claiming.seenFence)
  run.attempt = run.attempt + 1
  run.started, run.startedAt, run.settled = nil, nil, nil
  run.owner = claiming.id
  fn.put(KEY.held, claiming.id .. '/' .. run.id)
  owner.held = owner.held + 1
  if run.suspect then owner.suspect = run.id end
  fn.touch_owner(claiming.id, owner)
  fn.spend_rate(job)
  fn.touch(job)
  claiming.left = claiming.left - 1
end
function fn.hand_over(run, claiming)
  local isStarted = claiming.start > 0
  if isStarted then
    claiming.start = claiming.start - 1
    fn.start_attempt(run)
  end
  return { fn.run_out(run), isStarted and 1 or 0 }
end
-- Claims a run that was just made, if it is due and nobody stands before it. It is not in the claim index yet.
function fn.claim_at_once(run, claiming)
  if claiming == nil or claiming.left <= 0 or run.runAt > now or now < meta.claimsFrom then return nil end
  local job = fn.run_job(run)
  if not claiming.owner.jobs[job.name] or job.suspendedAt or fn.rate_opens_at(job) > now then return nil end
  local following = fn.next_candidate(job, claiming.owner)
  if (following and fn.is_before(following, run)) or fn.full_gate_of(run) or fn.has_waiters(run) then return nil end
  fn.take(run, claiming)
  return fn.hand_over(run, claiming)
end
-- The job's next run that can be had; runs before it that cannot are sent to wait, or skipped.
function fn.find_claimable(job, claiming)
  for blocked = 0, MOST_BLOCKED - 1 do
    if fn.rate_opens_at(job) > now then return nil end
    local run = fn.next_candidate(job, claiming.owner)
    if run == nil then return nil end
    if run.runAt > now then
      -- The clock went back past a run that had been due.
      fn.withdraw(run)
      fn.place_run(run)
    else
      local gate = fn.full_gate_of(run)
      if gate == nil then return run end
      -- What was claimed before has its place: it waits. Its own handler may be what holds the key.
      if run.trigger == 'schedule' and run.overlap == 'skip' and run.fence == 0 and fn.is_key_taken(run) then
        fn.finish_standing(run, 'skip', 'overlap')
      else
        -- Behind a full gate of the job itself all runs are alike: no need to send more to wait than were asked for.
        if gate == 'j' .. job.number and blocked >= claiming.left then return nil end
        fn.wait_at(run, gate)
      end
    end
  end
end
-- The job goes to the end of those that wait for a turn.
function fn.use_turn(job)
  job.turn = fn.count('turns')
  fn.put(KEY.readyJobs, job.name, job.turn)
end
-- Where the text of a run in the line of its job would stand among the other due ones.
function fn.order_in_line(job, member, text)
  local _, at = fn.bounded_at(text, #job.number + 3)
  at = at + AGE_LENGTH
  return fn.priority_text(0) .. '/' .. text:sub(at, at + INSTANT_LENGTH - 1) .. member:sub(#job.number + 2)
end
-- Which of a job's due runs come first, those in its line or the others; and, where there are both, the order that the others begin with.
function fn.first_kind(job)
  if job.plain == 0 then return 'ready' end
  if job.ready == 0 then return 'plain' end
  local prefix = job.number .. '/'
  local inLine, ready = fn.with_prefix(KEY.plain, prefix, 1)[1], fn.with_prefix(KEY.ready, prefix, 1)[1]
  local text = inLine and call('HGET', KEY.runs, inLine:sub(#prefix + AGE_LENGTH + 1))
  if not text or text:byte(1) ~= IN_LINE or not ready then return 'ready', '' end
  local order, other = fn.order_in_line(job, inLine, text), ready:sub(#prefix + 1)
  if order < other then return 'plain', other end
  return 'ready', order
end
-- The first due runs of the only job that has any, as far as they are short, in lots: adds id, fence and origin of each in turn, and
-- answers whether there were any. The first ones start at once, as many as the owner has room for.
function fn.claim_short(job, claiming, claimed)
  if job.concurrency or job.rateMax or job.suspects > 0 or not fn.is_ready(job) then return false end
  local prefix, count = job.number .. '/', 0
  local kind, bound = fn.first_kind(job)
  local isInLine = kind == 'plain'
  -- After the clock went back a run that was due may lie ahead: the general way puts it off.
  if isInLine and now < meta.plainAt then return false end
  local members, ids = fn.with_prefix(KEY_OF[kind], prefix, math.min(claiming.left, 1000)), {}
  local idFrom = #prefix + LENGTH_OF[kind] + 1
  for index, member in ipairs(members) do ids[index] = member:sub(idFrom) end
  local texts = #ids > 0 and call('HMGET', KEY.runs, unpack(ids)) or {}
  local rows, taken, removed, byAge, known = {}, {}, {}, {}, fn.cacheOf(KEY.runs)
  local holder, started = '/' .. fn.bounded(claiming.id) .. '/', format('%.17g', now) .. '/'
  local instant, letter, place = fn.instant_text(now), isInLine and IN_LINE or PENDING, #claimed
  local fence = fn.least_fence(claiming.seenFence) - 1
  for index, id in ipairs(ids) do
    local text, member = texts[index], members[index]
    if not text or text:byte(1) ~= letter or known[id] ~= nil then break end
    if bound and (isInLine and fn.order_in_line(job, member, text) or member:sub(#prefix + 1)) > bound then break end
    if isInLine then
      byAge[2 * index - 1], byAge[2 * index] = '0', member
    elseif member:sub(#prefix + PRIORITY_LENGTH + 1, #prefix + PRIORITY_LENGTH + INSTANT_LENGTH - 1) > instant then
      break
    end
    fence = fence + 1
    local fenceText = format('%d', fence)
    local isStarted = index <= claiming.start
    rows[2 * index - 1], rows[2 * index] = id, 'R' .. fenceText .. holder .. (isStarted and started or '/') .. text
    taken[index] = id
    removed[index] = member
    claimed[place + 1], claimed[place + 2], claimed[place + 3] = id, fenceText, text
    place = place + 3
    if isStarted then job.lastRun = id end
    count = index
  end
  if count == 0 then return false end
  fn.set('fence', fence)
  call('HSET', KEY.runs, unpack(rows))
  call('ZREM', KEY_OF[kind], unpack(removed))
  fn.hold_lot(claiming.id, claiming.owner, fence - count + 1, taken)
  if isInLine then call('ZADD', KEY.byAge, unpack(byAge)) end
  job.pending, job.running, job[kind] = job.pending - count, job.running + count, job[kind] - count
  fn.use_turn(job)
  claiming.owner.held = claiming.owner.held + count
  claiming.left = claiming.left - count
  claiming.start = math.max(0, claiming.start - count)
  fn.forget_heads(kind, job)
  fn.touch_owner(claiming.id, claiming.owner)
  fn.touch(job)
  return true
end
-- One run per turn, in the order in which jobs wait for theirs.
function fn.claim_due(claiming, perJob)
  local taken, counts = {}, {}
  if now < meta.claimsFrom then return taken, {}, nil end
  headsRead = math.min(math.max(claiming.left, 1), 200)
  fn.make_moves(KEY.readyJobs)
  local line, at = {}, 1
  for _, name in ipairs(call('ZRANGE', KEY.readyJobs, 0, -1)) do
    if claiming.owner.jobs[name] then line[#line + 1] = name end
  end
  -- Those that became ready in this very call.
  local isListed = {}
  for _, name in ipairs(line) do isListed[name] = true end
  for _, number in ipairs(touchedNumbers) do
    local job = touched[number]
    if not isListed[job.name] and claiming.owner.jobs[job.name] then line[#line + 1] = job.name end
  end
  local short = {}
  if #line == 1 and perJob[line[1]] == nil then
    local job = fn.find_job(line[1])
    while job and claiming.left > 0 and fn.claim_short(job, claiming, short) do end
  end
  while claiming.left > 0 and line[at] do
    local name = line[at]
    at = at + 1
    local job = fn.find_job(name)
    local most = perJob[name] or INFINITY
    if job and fn.is_ready(job) and (counts[name] or 0) < most then
      local run = fn.find_claimable(job, claiming)
      if run then
        fn.unplace_run(run)
        fn.take(run, claiming)
        taken[#taken + 1] = run
        counts[name] = (counts[name] or 0) + 1
        fn.use_turn(job)
        line[#line + 1] = name
      end
      fn.touch(job)
    end
  end
  -- What is asked for after this is one run at most.
  headsRead = 1
  return taken, short, line[1]
end
`,
}
