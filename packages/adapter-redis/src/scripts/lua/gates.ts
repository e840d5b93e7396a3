/**
 * Gates: counters that are held, with the runs that wait at them in lines, one per job (engine rule 11).
 *
 * When a gate has room, each line lets as many heads go as there is room: they are pending again, and whoever is claimed
 * first takes the gate. What was let go and does not take it after all hands its chance on.
 */
import type { LuaModule } from '../lua-module.ts'
import { runIndex } from './run-index.ts'

export const gates: LuaModule = {
  name: 'gates',
  needs: [runIndex],
  source: `
local function obtain_gate(id)
  local gate = read(KEY.gates, id)
  if gate == nil then gate = { held = 0, waiting = 0, lines = {}, bids = {} } end
  write(KEY.gates, id, gate)
  return gate
end
local function forget_if_idle(id, gate)
  for number, line in pairs(gate.lines) do
    if line.waiting == 0 and line.promoted == 0 then gate.lines[number] = nil end
  end
  if gate.held == 0 and next(gate.lines) == nil and gate.lease == nil and #gate.bids == 0 then write(KEY.gates, id, nil) end
end
local function touch_gate_job(id)
  local job = gate_job(id)
  if job then touch(job) end
  return job
end

-- The gate at which a run must wait, the last full one by name: mutexes are shared most.
local function full_gate_of(run)
  local full
  for _, id in ipairs(run.gates or {}) do
    local gate = read(KEY.gates, id)
    if gate and gate.held >= gate_limit(id) then full = id end
  end
  return full
end
local function is_key_taken(run)
  for _, id in ipairs(run.gates or {}) do
    local gate = id:sub(1, 1) == 'k' and read(KEY.gates, id)
    if gate and gate.held > 0 then return true end
  end
  return false
end
local function has_waiters(run)
  for _, id in ipairs(run.gates or {}) do
    local gate = read(KEY.gates, id)
    if gate and next(gate.lines) ~= nil then return true end
  end
  return false
end

local function line_prefix(id, number) return bounded(id) .. '/' .. number .. '/' end
local function line_member(id, run) return line_prefix(id, run.job) .. order_text(run) .. run.id end

local function let_line_go(id, gate, number)
  local line = gate.lines[number]
  local room = gate_limit(id) - gate.held
  local heads, position
  while line.promoted < room and line.waiting > 0 do
    if heads == nil or heads[position] == nil then
      heads, position = with_prefix(KEY.lines, line_prefix(id, number), 20), 1
      if heads[1] == nil then break end
    end
    local member = heads[position]
    position = position + 1
    local run = find_run(member:sub(#line_prefix(id, number) + ORDER_LENGTH + 1))
    cut(KEY.lines, member)
    line.waiting = line.waiting - 1
    gate.waiting = gate.waiting - 1
    if run then
      run.gate = nil
      change_state(run, 'promote')
      -- After the clock went back a waiting run may lie ahead, and a suspect waits for a process that holds no other:
      -- neither takes a chance away from the next.
      if run.runAt <= now and not run.suspect then
        run.promotedBy = id
        line.promoted = line.promoted + 1
      end
      place_run(run)
    end
  end
end
-- To be called when a gate has more room than before.
local function let_go(id, gate)
  write(KEY.gates, id, gate)
  for number in pairs(gate.lines) do let_line_go(id, gate, number) end
  local job = touch_gate_job(id)
  if job and is_ready(job) then hint('r') end
  if id:sub(1, 1) == 'm' then hint('l', id:sub(2)) end
  forget_if_idle(id, gate)
end
local function hold_gates(ids)
  for _, id in ipairs(ids or {}) do
    local gate = obtain_gate(id)
    gate.held = gate.held + 1
    touch_gate_job(id)
  end
end
local function release_gates(ids)
  for _, id in ipairs(ids or {}) do
    local gate = read(KEY.gates, id)
    if gate then
      gate.held = gate.held - 1
      let_go(id, gate)
    end
  end
end
-- The run's chance is used, or goes to the next.
local function end_chance(run, isHandedOn)
  local id = run.promotedBy
  if id == nil then return end
  run.promotedBy = nil
  local gate = read(KEY.gates, id)
  local line = gate and gate.lines[run.job]
  if line == nil then return end
  line.promoted = line.promoted - 1
  write(KEY.gates, id, gate)
  if isHandedOn then let_line_go(id, gate, run.job) end
  forget_if_idle(id, gate)
end
local function take_gates(run)
  hold_gates(run.gates)
  end_chance(run, false)
end
-- A pending run found the gate full: it waits there.
local function wait_at(run, id)
  unplace_run(run)
  change_state(run, 'block')
  local gate = obtain_gate(id)
  local line = gate.lines[run.job]
  if line == nil then
    line = { waiting = 0, promoted = 0 }
    gate.lines[run.job] = line
  end
  put(KEY.lines, line_member(id, run))
  line.waiting = line.waiting + 1
  gate.waiting = gate.waiting + 1
  run.gate = id
  touch_run(run)
  touch_gate_job(id)
  end_chance(run, true)
end
-- Takes a pending or waiting run out of all indexes; its chance at a gate goes to the next.
local function withdraw(run)
  if run.gate == nil then
    unplace_run(run)
    end_chance(run, true)
    return
  end
  local id = run.gate
  local gate = read(KEY.gates, id)
  cut(KEY.lines, line_member(id, run))
  run.gate = nil
  touch_run(run)
  if gate then
    local line = gate.lines[run.job]
    if line then line.waiting = line.waiting - 1 end
    gate.waiting = gate.waiting - 1
    write(KEY.gates, id, gate)
    forget_if_idle(id, gate)
  end
  touch_gate_job(id)
end
-- A waiting run that is not due any more: pending until its new instant.
local function unwait(run)
  withdraw(run)
  change_state(run, 'promote')
end
`,
}
