/** Runs: how they change state, and where claims find them: due ones per job, later ones by time (engine rule 12). */
import { RUN_TRANSITIONS } from '@quarterjack/core/store'
import type { LuaModule } from '../lua-module.ts'
import { shortRuns } from './short-runs.ts'

/** The one table of core, in Lua. */
const TRANSITIONS = Object.entries(RUN_TRANSITIONS)
  .map(
    ([state, actions]) =>
      `${state} = { ${Object.entries(actions)
        .map(([action, next]) => `${action} = '${next}'`)
        .join(', ')} }`,
  )
  .join(', ')

export const runIndex: LuaModule = {
  name: 'run-index',
  needs: [shortRuns],
  source: `
local TRANSITIONS = { ${TRANSITIONS} }

function fn.find_run(id)
  local run = fn.read(KEY.runs, id)
  if run then run.id = id end
  return run
end
function fn.touch_run(run) fn.write(KEY.runs, run.id, run) end
function fn.run_job(run) return fn.job_by_number(run.job) end

-- Gates by what they are of: j<job>, k<job>/<key>, m<mutex>, o<other>.
function fn.gate_id(name)
  local kind, rest = name:match('^(%a+):(.*)$')
  if kind == 'job' then return 'j' .. fn.obtain_job(rest).number end
  if kind == 'key' then
    local job, key = rest:match('^([^/]*)/(.*)$')
    if job then return 'k' .. fn.obtain_job(job).number .. '/' .. key end
  end
  if kind == 'mutex' then return 'm' .. rest end
  return 'o' .. name
end
function fn.gate_name(id)
  local kind, rest = id:sub(1, 1), id:sub(2)
  if kind == 'j' then return 'job:' .. fn.job_by_number(rest).name end
  if kind == 'k' then
    local number, key = rest:match('^([^/]*)/(.*)$')
    return 'key:' .. fn.job_by_number(number).name .. '/' .. key
  end
  if kind == 'm' then return 'mutex:' .. rest end
  return rest
end
function fn.gate_job(id)
  if id:sub(1, 1) ~= 'j' then return nil end
  return fn.job_by_number(id:sub(2))
end
function fn.gate_limit(id)
  if id:sub(1, 1) ~= 'j' then return 1 end
  local job = fn.job_by_number(id:sub(2))
  return job and job.concurrency or INFINITY
end

-- Keeps the counts of the job and the key.
function fn.count_state(run, by)
  local job, state = fn.run_job(run), run.state
  if state == 'pending' or state == 'waiting' or state == 'running' then
    job[state] = job[state] + by
    fn.touch(job)
  end
  if run.trigger == 'schedule' and (state == 'pending' or state == 'waiting') then
    local key = fn.obtain_key(job, run.key)
    key.standing = key.standing + by
  end
end
function fn.change_state(run, action)
  local following = TRANSITIONS[run.state][action]
  if following == nil then error('run ' .. run.id .. ' is ' .. run.state .. ', so it cannot ' .. action .. '; this is a bug of the store') end
  fn.count_state(run, -1)
  run.state = following
  fn.count_state(run, 1)
  fn.touch_run(run)
end

-- Higher priority first, then the earlier instant, then age.
local ORDER_LENGTH = 6 + 1 + 18 + 1 + 16 + 1
local AGE_LENGTH = 16 + 1
function fn.order_text(run) return fn.priority_text(run.priority or 0) .. '/' .. fn.instant_text(run.runAt) .. '/' .. fn.count_text(run.age) .. '/' end
function fn.later_text(run) return fn.instant_text(run.runAt) .. '/' .. fn.count_text(run.age) .. '/' end
local LATER_LENGTH = 18 + 1 + 16 + 1

-- Heads of the due runs of jobs, as far as they were read; how many are read at once.
local heads, headsRead = {}, 1
local KEY_OF = { plain = KEY.plain, ready = KEY.ready, suspects = KEY.suspects, delayed = KEY.delayed }
-- What stands before the id in their members, beside the job.
local LENGTH_OF = { plain = AGE_LENGTH, ready = ORDER_LENGTH, suspects = ORDER_LENGTH }
function fn.forget_heads(kind, job) heads[kind .. job.number] = nil end
function fn.peek(kind, job)
  if job[kind] == 0 then return nil end
  local list, from = heads[kind .. job.number], #job.number + 1 + LENGTH_OF[kind] + 1
  if list == nil or list.members[list.at] == nil then
    list = { members = fn.with_prefix(KEY_OF[kind], job.number .. '/', headsRead), at = 1 }
    heads[kind .. job.number] = list
    local ids = {}
    for index, member in ipairs(list.members) do ids[index] = member:sub(from) end
    fn.prefetch(KEY.runs, ids)
  end
  local member = list.members[list.at]
  return member and fn.find_run(member:sub(from))
end
function fn.is_before(a, b) return fn.order_text(a) < fn.order_text(b) end
-- The run of a job that the owner would claim next. A process holds one suspect at a time (engine rule 18).
function fn.next_candidate(job, owner)
  local first = fn.peek('ready', job)
  local function consider(run)
    if run and (first == nil or fn.is_before(run, first)) then first = run end
  end
  consider(fn.peek('plain', job))
  if owner.suspect == nil then consider(fn.peek('suspects', job)) end
  return first
end
-- How many may be claimed now, as far as time is concerned.
function fn.due_count(job) return job.plain + job.ready + job.suspects end

function fn.is_saturated(job)
  if job.concurrency == nil then return false end
  local gate = fn.read(KEY.gates, 'j' .. job.number)
  return gate ~= nil and gate.held >= job.concurrency
end
-- Nothing is gained by looking at its runs: one of them waits already, and will be let go first.
function fn.is_saturated_with_waiters(job)
  return fn.is_saturated(job) and fn.read(KEY.gates, 'j' .. job.number).waiting > 0
end
-- When the rate limit lets the next run be claimed.
function fn.rate_opens_at(job)
  if job.rateMax == nil or (job.rateUsed or 0) < job.rateMax then return -INFINITY end
  local endsAt = job.rateOpenedAt + job.ratePerMs
  -- A window that lies ahead was opened before the clock went back: it is over.
  return now >= job.rateOpenedAt and now < endsAt and endsAt or -INFINITY
end
function fn.spend_rate(job)
  if job.rateMax == nil then return end
  if (job.rateUsed or 0) == 0 or now < job.rateOpenedAt or now >= job.rateOpenedAt + job.ratePerMs then
    job.rateOpenedAt = now
    job.rateUsed = 0
  end
  job.rateUsed = job.rateUsed + 1
  fn.touch(job)
end
function fn.is_ready(job)
  return fn.due_count(job) > 0 and job.suspendedAt == nil and fn.rate_opens_at(job) <= now and not fn.is_saturated_with_waiters(job)
end
function fn.earliest_delayed(job)
  if job.delayed == 0 then return INFINITY end
  local member = fn.with_prefix(KEY.delayed, job.number .. '/', 1)[1]
  return member and tonumber(member:sub(#job.number + 2, #job.number + 19)) or INFINITY
end
-- When something of the job becomes claimable that is not so now.
function fn.next_change(job)
  if job.suspendedAt then return INFINITY end
  local opensAt = fn.rate_opens_at(job)
  local delayedAt = math.max(fn.earliest_delayed(job), opensAt)
  if fn.due_count(job) > 0 and opensAt > now then return math.min(opensAt, delayedAt) end
  return delayedAt
end

function fn.due_kind(run) return run.suspect and 'suspects' or 'ready' end
function fn.age_member(run) return run.job .. '/' .. fn.count_text(run.age) .. '/' .. run.id end
function fn.member_of(kind, run)
  if kind == 'plain' then return fn.age_member(run) end
  return run.job .. '/' .. (kind == 'delayed' and fn.later_text(run) or fn.order_text(run)) .. run.id
end
function fn.stand(run, kind)
  local job = fn.run_job(run)
  fn.put(KEY_OF[kind], fn.member_of(kind, run))
  job[kind] = job[kind] + 1
  run.stands = kind
  if kind ~= 'delayed' then fn.forget_heads(kind, job) end
  fn.touch(job)
  fn.touch_run(run)
end
-- Makes a pending run claimable from its instant on.
function fn.place_run(run)
  local job = fn.run_job(run)
  local isNews = run.runAt <= now or run.runAt < (job.timedAt or INFINITY)
  if isNews then fn.hint('r') end
  fn.stand(run, run.runAt > now and 'delayed' or fn.due_kind(run))
end
-- Takes a pending run out of the index.
function fn.unplace_run(run)
  local kind, job = run.stands, fn.run_job(run)
  if kind == nil then return end
  local member = fn.member_of(kind, run)
  fn.cut(KEY_OF[kind], member)
  if kind == 'plain' then fn.put(KEY.byAge, member) end
  job[kind] = job[kind] - 1
  run.stands = nil
  local list = heads[kind .. job.number]
  if list and list.members[list.at] == member then list.at = list.at + 1 elseif list then fn.forget_heads(kind, job) end
  fn.touch(job)
  fn.touch_run(run)
end
-- Moves runs of a job whose time has come to where they are claimed; a bound on the time of a call, the next one goes on.
function fn.advance_job(job)
  if job.delayed == 0 then return end
  local prefix = job.number .. '/'
  fn.make_moves(KEY.delayed)
  local members = call('ZRANGEBYLEX', KEY.delayed, '[' .. prefix, '(' .. prefix .. fn.instant_text(now) .. '0', 'LIMIT', 0, 2000)
  local ids = {}
  for index, member in ipairs(members) do ids[index] = member:sub(#prefix + LATER_LENGTH + 1) end
  fn.prefetch(KEY.runs, ids)
  for _, id in ipairs(ids) do
    local run = fn.find_run(id)
    fn.unplace_run(run)
    fn.stand(run, fn.due_kind(run))
  end
end
function fn.advance_runs()
  local timed = fn.up_to(KEY.timed, now, 500)
  for index = 1, #timed, 2 do
    local job = fn.find_job(timed[index])
    if job then
      fn.advance_job(job)
      fn.touch(job)
    end
  end
end

-- What was kept as text and is not any more stands where all rows do.
function fn.alive_member(run) return run.job .. '/' .. fn.bounded(run.key) .. '/' .. fn.count_text(run.age) .. '/' .. run.id end
beforeWriting[#beforeWriting + 1] = function()
  for id in pairs(changed[KEY.runs] or {}) do
    local run = cache[KEY.runs][id]
    if run and run.isText then
      run.isText, run.id = nil, id
      if run.finishedAt == nil then fn.put(KEY.alive, fn.alive_member(run)) end
    end
  end
end
-- A run's id is its field.
beforePacking[#beforePacking + 1] = function()
  for id in pairs(changed[KEY.runs] or {}) do
    local run = cache[KEY.runs][id]
    if run then run.id = nil end
  end
end
-- A job's standing among all jobs. Triggers look it up beside the numbers of the prefix.
function fn.tell_line(job, number) metaChanges['line:' .. job.name] = number end
beforeWriting[#beforeWriting + 1] = function()
  local index = 1
  while touchedNumbers[index] do
    local job = touched[touchedNumbers[index]]
    index = index + 1
    if fn.job_by_number(job.number) == job then
      if fn.is_ready(job) then
        if job.turn == nil then
          job.turn = fn.count('turns')
          fn.put(KEY.readyJobs, job.name, job.turn)
          fn.tell_line(job, job.number)
        end
      elseif job.turn then
        job.turn = nil
        fn.tell_line(job, '')
        fn.cut(KEY.readyJobs, job.name)
      end
      local timedAt = fn.next_change(job)
      if timedAt == INFINITY then timedAt = nil end
      if timedAt ~= job.timedAt then
        job.timedAt = timedAt
        if timedAt then fn.put(KEY.timed, job.name, timedAt) else fn.cut(KEY.timed, job.name) end
      end
      fn.write(KEY.jobs, job.number, job)
    end
  end
end
`,
}
