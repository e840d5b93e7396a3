/** Gates, and what really holds them, counted anew. */
import { runs } from '../lua/runs.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsGates: LuaModule = {
  name: 'runs.gates',
  needs: [runs],
  source: `
local holders = {}
local function add(id) holders[id] = (holders[id] or 0) + 1 end
fn.make_moves(KEY.ownerEnds)
for _, id in ipairs(call('ZRANGE', KEY.ownerEnds, 0, -1)) do
  local owner = fn.find_owner(id)
  for _, runId in ipairs(fn.held_ids(id)) do
    local run = fn.find_run(runId)
    for _, gate in ipairs(run and run.owner == id and run.gates or {}) do add(gate) end
  end
  for _, ids in pairs(owner and owner.stuck or {}) do
    for _, gate in ipairs(ids) do add(gate) end
  end
end
fn.make_moves(KEY.leases)
for _, gate in ipairs(call('ZRANGE', KEY.leases, 0, -1)) do add(gate) end

local function gate_out(name, id)
  local gate = id and fn.read(KEY.gates, id)
  local limit = id and fn.gate_limit(id) or INFINITY
  local waiting = gate and gate.waiting + #gate.bids or 0
  return { name, limit == INFINITY and -1 or limit, gate and gate.held or 0, id and holders[id] or 0, waiting }
end
-- Asking makes no job.
local function known_gate_id(name)
  local job = name:match('^job:(.*)$') or name:match('^key:([^/]*)/')
  if job and fn.find_job(job) == nil then return nil end
  return fn.gate_id(name)
end
local replies = {}
if request.names then
  for index, name in ipairs(request.names) do replies[index] = gate_out(name, known_gate_id(name)) end
else
  local ids = call('HKEYS', KEY.gates)
  fn.prefetch(KEY.gates, ids)
  for _, id in ipairs(ids) do
    local gate = fn.read(KEY.gates, id)
    if gate.held > 0 or gate.waiting + #gate.bids > 0 then replies[#replies + 1] = gate_out(fn.gate_name(id), id) end
  end
end
return fn.answer(replies)
`,
}
