/**
 * Runs of which there is little to tell are kept as text: claims and settlements put it together from the text that was there,
 * where a row would have to be unpacked and packed. As soon as there is more to tell, a run becomes a row as others are.
 *
 *   origin                                                            pending and due
 *   R fence/owner/started/origin                                      its first attempt runs; 'started' is empty until that is known
 *   G fence/owner/started/origin                                      the same, and it holds the gate of its key, which is among what was asked for
 *   S filedAs/finishedAt/startedAt/fence/owner/result/origin          its first attempt succeeded; what was filed together has one 'filedAs'
 *   origin: N body, which came by way of the line of its job: see below; P body, which stood in all indexes that rows stand in; or
 *           F body, of a slot: claimed as it was made, it stands in all of them but that of what is alive
 *   body:   job/key/age/runAt/createdAt/priority/salt/what else was asked for, as JSON; of a slot's run also its schedule and ledger;
 *           without what most have: manual triggers, one per run, whose runs may overlap
 *
 * The salt is an end of the id, or nothing. Lua looks only at some characters of a long text to tell it from others, and texts that
 * differ in few places would all look the same to it.
 *
 * Key, owner and result stand behind their length: 3:abc. A result may be absent: -.
 *
 * Most triggers have no priority, and come in the order of their instants. Until they are claimed they stand in one index only,
 * the line of their job (`plain`), which tells both who is next and who is newest. Texts of triggers, and of
 * slots that were claimed as they were made, do not stand in the index of what is alive: whoever asks it looks at the line and at what is held as well.
 */
import type { LuaModule } from '../lua-module.ts'
import { jobs } from './jobs.ts'

export const shortRuns: LuaModule = {
  name: 'short-runs',
  needs: [jobs],
  source: `
-- Each kind's letter, as the byte that its text begins with; behind what was put before an origin stands its own.
local IN_LINE, PENDING, RUNNING, GATED, SUCCEEDED = 78, 80, 82, 71, 83
local PLACE_LENGTH, INSTANT_LENGTH, PRIORITY_LENGTH = 16 + 1, 18 + 1, 6 + 1

-- The next parts of a text from a place on, and the place after them.
function fn.number_at(text, at)
  local _, to, digits = text:find('^([^/]*)/', at)
  return tonumber(digits), to + 1
end
function fn.bounded_at(text, at)
  local _, to, length = text:find('^(%d+):', at)
  if length == nil then return nil, at + 2 end
  return text:sub(to + 1, to + length), to + length + 2
end
function fn.unfold_origin(run, text, at)
  local _, to, job = text:find('^%u(%d+)/', at)
  at = to + 1
  run.job = job
  run.key, at = fn.bounded_at(text, at)
  run.age, at = fn.number_at(text, at)
  run.runAt, at = fn.number_at(text, at)
  run.createdAt, at = fn.number_at(text, at)
  local priority
  priority, at = fn.number_at(text, at)
  if priority ~= 100000 then run.priority = 100000 - priority end
  at = text:find('/', at, true) + 1
  run.trigger, run.overlap, run.triggers = 'manual', 'allow', 1
  for name, value in pairs(cjson.decode(text:sub(at))) do run[name] = value end
  return run
end
-- The age of one that succeeded, as it is written.
function fn.age_in(text)
  local at = 2
  for _ = 1, 4 do at = text:find('/', at, true) + 1 end
  for part = 1, 3 do
    -- Owner and result; then, behind the job, the key.
    if part == 3 then at = text:find('/', at, true) + 1 end
    local _, to, length = text:find('^(%d+):', at)
    at = length and to + length + 2 or at + 2
  end
  return text:sub(at, at + PLACE_LENGTH - 2)
end
-- The row that a text stands for.
readers[KEY.runs] = function(text)
  local kind = text:byte(1)
  if kind == PENDING or kind == IN_LINE then
    return fn.unfold_origin({ state = 'pending', stands = kind == PENDING and 'ready' or 'plain', attempt = 0, fence = 0, isText = true }, text, 1)
  end
  if kind == RUNNING or kind == GATED then
    local run, at = { state = 'running', attempt = 1, isText = true }, 2
    run.fence, at = fn.number_at(text, at)
    run.owner, at = fn.bounded_at(text, at)
    run.startedAt, at = fn.number_at(text, at)
    if run.startedAt then run.started = true end
    return fn.unfold_origin(run, text, at)
  end
  if kind == SUCCEEDED then
    local run, at, owner = { state = 'succeeded', attempt = 1, settled = 'succeeded succeeded' }, 2, nil
    run.filedAs, at = fn.number_at(text, at)
    run.finishedAt, at = fn.number_at(text, at)
    run.startedAt, at = fn.number_at(text, at)
    run.fence, at = fn.number_at(text, at)
    owner, at = fn.bounded_at(text, at)
    run.result, at = fn.bounded_at(text, at)
    run.attempts = { { 1, 'succeeded', owner, run.fence, run.startedAt, run.finishedAt, false } }
    return fn.unfold_origin(run, text, at)
  end
  return cmsgpack.unpack(text)
end
`,
}
