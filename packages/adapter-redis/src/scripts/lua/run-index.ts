/** Runs: how they change state, and where claims find them: due ones per job, later ones by time (engine rule 12). */
import { RUN_TRANSITIONS } from '@quarterjack/core/store'
import type { LuaModule } from '../lua-module.ts'
import { jobs } from './jobs.ts'

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
  needs: [jobs],
  source: `
local TRANSITIONS = { ${TRANSITIONS} }

local function find_run(id)
  local run = read(KEY.runs, id)
  if run then run.id = id end
  return run
end
local function touch_run(run) write(KEY.runs, run.id, run) end
local function run_job(run) return job_by_number(run.job) end

-- Gates by what they are of: j<job>, k<job>/<key>, m<mutex>, o<other>.
local function gate_id(name)
  local kind, rest = name:match('^(%a+):(.*)$')
  if kind == 'job' then return 'j' .. obtain_job(rest).number end
  if kind == 'key' then
    local job, key = rest:match('^([^/]*)/(.*)$')
    if job then return 'k' .. obtain_job(job).number .. '/' .. key end
  end
  if kind == 'mutex' then return 'm' .. rest end
  return 'o' .. name
end
local function gate_name(id)
  local kind, rest = id:sub(1, 1), id:sub(2)
  if kind == 'j' then return 'job:' .. job_by_number(rest).name end
  if kind == 'k' then
    local number, key = rest:match('^([^/]*)/(.*)$')
    return 'key:' .. job_by_number(number).name .. '/' .. key
  end
  if kind == 'm' then return 'mutex:' .. rest end
  return rest
end
local function gate_job(id)
  if id:sub(1, 1) ~= 'j' then return nil end
  return job_by_number(id:sub(2))
end
local function gate_limit(id)
  if id:sub(1, 1) ~= 'j' then return 1 end
  local job = job_by_number(id:sub(2))
  return job and job.concurrency or INFINITY
end

-- Keeps the counts of the job and the key.
local function count_state(run, by)
  local job, state = run_job(run), run.state
  if state == 'pending' or state == 'waiting' or state == 'running' then
    job[state] = job[state] + by
    touch(job)
  end
  if run.trigger == 'schedule' and (state == 'pending' or state == 'waiting') then
    local key = obtain_key(job, run.key)
    key.standing = key.standing + by
  end
end
local function change_state(run, action)
  local following = TRANSITIONS[run.state][action]
  if following == nil then error('run ' .. run.id .. ' is ' .. run.state .. ', so it cannot ' .. action .. '; this is a bug of the store') end
  count_state(run, -1)
  run.state = following
  count_state(run, 1)
  touch_run(run)
end

-- Higher priority first, then the earlier instant, then age.
local ORDER_LENGTH = 6 + 1 + 18 + 1 + 16 + 1
local function order_text(run) return priority_text(run.priority or 0) .. '/' .. instant_text(run.runAt) .. '/' .. count_text(run.age) .. '/' end
local function later_text(run) return instant_text(run.runAt) .. '/' .. count_text(run.age) .. '/' end
local LATER_LENGTH = 18 + 1 + 16 + 1

-- Heads of the due runs of jobs, as far as they were read; how many are read at once.
local heads, headsRead = {}, 1
local function forget_heads(kind, job) heads[kind .. job.number] = nil end
local function peek(kind, key, job)
  if job[kind] == 0 then return nil end
  local list = heads[kind .. job.number]
  if list == nil or list.members[list.at] == nil then
    list = { members = with_prefix(key, job.number .. '/', headsRead), at = 1 }
    heads[kind .. job.number] = list
    local ids = {}
    for index, member in ipairs(list.members) do ids[index] = member:sub(#job.number + 1 + ORDER_LENGTH + 1) end
    prefetch(KEY.runs, ids)
  end
  local member = list.members[list.at]
  return member and find_run(member:sub(#job.number + 1 + ORDER_LENGTH + 1))
end
local function is_before(a, b) return order_text(a) < order_text(b) end
-- The run of a job that the owner would claim next. A process holds one suspect at a time (engine rule 18).
local function next_candidate(job, owner)
  local plain = peek('ready', KEY.ready, job)
  local suspect
  if owner.suspect == nil then suspect = peek('suspects', KEY.suspects, job) end
  if plain == nil or (suspect and is_before(suspect, plain)) then return suspect end
  return plain
end


local function is_saturated(job)
  if job.concurrency == nil then return false end
  local gate = read(KEY.gates, 'j' .. job.number)
  return gate ~= nil and gate.held >= job.concurrency
end
-- Nothing is gained by looking at its runs: one of them waits already, and will be let go first.
local function is_saturated_with_waiters(job)
  return is_saturated(job) and read(KEY.gates, 'j' .. job.number).waiting > 0
end
-- When the rate limit lets the next run be claimed.
local function rate_opens_at(job)
  if job.rateMax == nil or (job.rateUsed or 0) < job.rateMax then return -INFINITY end
  local endsAt = job.rateOpenedAt + job.ratePerMs
  -- A window that lies ahead was opened before the clock went back: it is over.
  return now >= job.rateOpenedAt and now < endsAt and endsAt or -INFINITY
end
local function spend_rate(job)
  if job.rateMax == nil then return end
  if (job.rateUsed or 0) == 0 or now < job.rateOpenedAt or now >= job.rateOpenedAt + job.ratePerMs then
    job.rateOpenedAt = now
    job.rateUsed = 0
  end
  job.rateUsed = job.rateUsed + 1
  touch(job)
end
local function is_ready(job)
  return job.ready + job.suspects > 0 and job.suspendedAt == nil and rate_opens_at(job) <= now and not is_saturated_with_waiters(job)
end
local function earliest_delayed(job)
  if job.delayed == 0 then return INFINITY end
  local member = with_prefix(KEY.delayed, job.number .. '/', 1)[1]
  return member and tonumber(member:sub(#job.number + 2, #job.number + 19)) or INFINITY
end
-- When something of the job becomes claimable that is not so now.
local function next_change(job)
  if job.suspendedAt then return INFINITY end
  local opensAt = rate_opens_at(job)
  local delayedAt = math.max(earliest_delayed(job), opensAt)
  if job.ready + job.suspects > 0 and opensAt > now then return math.min(opensAt, delayedAt) end
  return delayedAt
end

local function due_kind(run) return run.suspect and 'suspects' or 'ready' end
local KEY_OF = { ready = KEY.ready, suspects = KEY.suspects, delayed = KEY.delayed }
local function member_of(kind, run)
  return run.job .. '/' .. (kind == 'delayed' and later_text(run) or order_text(run)) .. run.id
end
local function stand(run, kind)
  local job = run_job(run)
  put(KEY_OF[kind], member_of(kind, run))
  job[kind] = job[kind] + 1
  run.stands = kind
  if kind ~= 'delayed' then forget_heads(kind, job) end
  touch(job)
  touch_run(run)
end
-- Makes a pending run claimable from its instant on.
local function place_run(run)
  local job = run_job(run)
  local isNews = run.runAt <= now or run.runAt < (job.timedAt or INFINITY)
  if isNews then hint('r') end
  stand(run, run.runAt > now and 'delayed' or due_kind(run))
end
-- Takes a pending run out of the index.
local function unplace_run(run)
  local kind, job = run.stands, run_job(run)
  if kind == nil then return end
  local member = member_of(kind, run)
  cut(KEY_OF[kind], member)
  job[kind] = job[kind] - 1
  run.stands = nil
  local list = heads[kind .. job.number]
  if list and list.members[list.at] == member then list.at = list.at + 1 elseif list then forget_heads(kind, job) end
  touch(job)
  touch_run(run)
end
-- Moves runs of a job whose time has come to where they are claimed; a bound on the time of a call, the next one goes on.
local function advance_job(job)
  if job.delayed == 0 then return end
  local prefix = job.number .. '/'
  make_moves(KEY.delayed)
  local members = call('ZRANGEBYLEX', KEY.delayed, '[' .. prefix, '(' .. prefix .. instant_text(now) .. '0', 'LIMIT', 0, 2000)
  local ids = {}
  for index, member in ipairs(members) do ids[index] = member:sub(#prefix + LATER_LENGTH + 1) end
  prefetch(KEY.runs, ids)
  for _, id in ipairs(ids) do
    local run = find_run(id)
    unplace_run(run)
    stand(run, due_kind(run))
  end
end
local function advance_runs()
  local timed = up_to(KEY.timed, now, 500)
  for index = 1, #timed, 2 do
    local job = find_job(timed[index])
    if job then
      advance_job(job)
      touch(job)
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
-- A job's standing among all jobs.
beforeWriting[#beforeWriting + 1] = function()
  local index = 1
  while touchedNumbers[index] do
    local job = touched[touchedNumbers[index]]
    index = index + 1
    if job_by_number(job.number) == job then
      if is_ready(job) then
        if job.turn == nil or job.isTurnUsed then
          job.turn = count('turns')
          put(KEY.readyJobs, job.name, job.turn)
        end
      elseif job.turn then
        job.turn = nil
        cut(KEY.readyJobs, job.name)
      end
      job.isTurnUsed = nil
      local timedAt = next_change(job)
      if timedAt == INFINITY then timedAt = nil end
      if timedAt ~= job.timedAt then
        job.timedAt = timedAt
        if timedAt then put(KEY.timed, job.name, timedAt) else cut(KEY.timed, job.name) end
      end
      write(KEY.jobs, job.number, job)
    end
  end
end
`,
}
