/**
 * Requests that ask for nothing but a run: no debounce, no idempotency key, no gates, nothing claimed. The same rows and
 * indexes as `runs.enqueue` makes, written in lots; most triggers are of this kind.
 */
import { runIndex } from '../lua/run-index.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsEnqueuePlain: LuaModule = {
  name: 'runs.enqueue',
  needs: [runIndex],
  source: `
local asked, count, others = request.requests, 0, {}
local rows, byAge, alive, ready, delayed = {}, {}, {}, {}, {}
local ids = {}
for index, one in ipairs(asked) do ids[index] = one.id end
local isKnown = {}
fn.each_chunk(ids, 1000, function(from, to)
  local texts = call('HMGET', KEY.runs, unpack(ids, from, to))
  for index, text in ipairs(texts) do
    if text then isKnown[ids[from + index - 1]] = fn.unpacked(KEY.runs, text) end
  end
end)

local job, key, keyName
for index, one in ipairs(asked) do
  local known = isKnown[one.id]
  if known then
    -- The request was here before.
    others[#others + 1] = { index, known.state == 'skipped' and known.fence == 0 and 'skipped' or 'created' }
  else
    if job == nil or job.name ~= one.job then
      job, key = fn.obtain_job(one.job), nil
      fn.touch(job)
    end
    if key == nil or keyName ~= one.key then key, keyName = fn.obtain_key(job, one.key), one.key end
    local age = fn.count('ages')
    local runAt = one.runAt or now + one.delayMs
    local priority = one.priority ~= 0 and one.priority or nil
    local run = {
      job = job.number, key = one.key, state = 'pending', trigger = one.trigger, payload = fn.given(one.payload), priority = priority,
      runAt = runAt, age = age, createdAt = now, overlap = one.overlap, attempt = 0, fence = 0, triggers = one.triggers,
      slot = one.slot, replayOf = one.replayOf, trace = one.trace, stands = runAt > now and 'delayed' or 'ready',
    }
    if runAt <= now or runAt < (job.timedAt or INFINITY) then fn.hint('r') end
    local ageText = fn.count_text(age)
    local place = #byAge
    byAge[place + 1], byAge[place + 2] = '0', job.number .. '/' .. ageText .. '/' .. one.id
    alive[place + 1], alive[place + 2] = '0', job.number .. '/' .. fn.bounded(one.key) .. '/' .. ageText .. '/' .. one.id
    local list, order = ready, job.number .. '/' .. fn.instant_text(runAt) .. '/' .. ageText .. '/' .. one.id
    if runAt > now then
      list = delayed
      job.delayed = job.delayed + 1
    else
      order = job.number .. '/' .. fn.priority_text(priority or 0) .. order:sub(#job.number + 1)
      job.ready = job.ready + 1
    end
    list[#list + 1] = '0'
    list[#list + 1] = order
    rows[place + 1], rows[place + 2] = one.id, cmsgpack.pack(run)
    isKnown[one.id] = run
    job.pending = job.pending + 1
    key.alive = key.alive + 1
    key.busy = key.busy + 1
    count = count + 1
  end
end
fn.add('alive', count)
local function write_all(command, key, list)
  fn.each_chunk(list, 2000, function(from, to) call(command, key, unpack(list, from, to)) end)
end
write_all('HSET', KEY.runs, rows)
write_all('ZADD', KEY.byAge, byAge)
write_all('ZADD', KEY.alive, alive)
write_all('ZADD', KEY.ready, ready)
write_all('ZADD', KEY.delayed, delayed)
return fn.answer(others)
`,
}
