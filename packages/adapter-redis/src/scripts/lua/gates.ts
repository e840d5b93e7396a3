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
-- A lease that nobody bids for or waits at is kept as text, L fence/end/holder, until there is more to tell.
-- A gate that is held once, with nothing else to tell, is H.
readers[KEY.gates] = function(text)
  if text == 'H' then return { held = 1, waiting = 0, lines = {}, bids = {} } end
  if text:byte(1) ~= 76 then return cmsgpack.unpack(text) end
  local fence, endsAt, holder = text:match('^L(%d+)/([^/]+)/(.*)$')
  return { held = 1, waiting = 0, lines = {}, bids = {}, lease = { holder = holder, fence = tonumber(fence), expiresAt = tonumber(endsAt) } }
end
function fn.obtain_gate(id)
  local gate = fn.read(KEY.gates, id)
  if gate == nil then gate = { held = 0, waiting = 0, lines = {}, bids = {} } end
  fn.write(KEY.gates, id, gate)
  return gate
end
function fn.forget_if_idle(id, gate)
  for number, line in pairs(gate.lines) do
    if line.waiting == 0 and line.promoted == 0 then gate.lines[number] = nil end
  end
  if gate.held == 0 and next(gate.lines) == nil and gate.lease == nil and #gate.bids == 0 then fn.write(KEY.gates, id, nil) end
end
function fn.touch_gate_job(id)
  local job = fn.gate_job(id)
  if job then fn.touch(job) end
  return job
end

-- The gate at which a run must wait, the last full one by name: mutexes are shared most.
function fn.full_gate_of(run)
  local full
  for _, id in ipairs(run.gates or {}) do
    local gate = fn.read(KEY.gates, id)
    if gate and gate.held >= fn.gate_limit(id) then full = id end
  end
  return full
end
function fn.is_key_taken(run)
  for _, id in ipairs(run.gates or {}) do
    local gate = id:sub(1, 1) == 'k' and fn.read(KEY.gates, id)
    if gate and gate.held > 0 then return true end
  end
  return false
end
function fn.has_waiters(run)
  for _, id in ipairs(run.gates or {}) do
    local gate = fn.read(KEY.gates, id)
    if gate and next(gate.lines) ~= nil then return true end
  end
  return false
end

function fn.line_prefix(id, number) return fn.bounded(id) .. '/' .. number .. '/' end
function fn.line_member(id, run) return fn.line_prefix(id, run.job) .. fn.order_text(run) .. run.id end

function fn.let_line_go(id, gate, number)
  local line = gate.lines[number]
  local room = fn.gate_limit(id) - gate.held
  local heads, position
  while line.promoted < room and line.waiting > 0 do
    if heads == nil or heads[position] == nil then
      heads, position = fn.with_prefix(KEY.lines, fn.line_prefix(id, number), 20), 1
      if heads[1] == nil then break end
    end
    local member = heads[position]
    position = position + 1
    local run = fn.find_run(member:sub(#fn.line_prefix(id, number) + ORDER_LENGTH + 1))
    fn.cut(KEY.lines, member)
    line.waiting = line.waiting - 1
    gate.waiting = gate.waiting - 1
    if run then
      run.gate = nil
      fn.change_state(run, 'promote')
      -- After the clock went back a waiting run may lie ahead, and a suspect waits for a process that holds no other:
      -- neither takes a chance away from the next.
      if run.runAt <= now and not run.suspect then
        run.promotedBy = id
        line.promoted = line.promoted + 1
      end
      fn.place_run(run)
    end
  end
end
-- To be called when a gate has more room than before.
function fn.let_go(id, gate)
  fn.write(KEY.gates, id, gate)
  for number in pairs(gate.lines) do fn.let_line_go(id, gate, number) end
  local job = fn.touch_gate_job(id)
  if job and fn.is_ready(job) then fn.hint('r') end
  if id:sub(1, 1) == 'm' then fn.hint('l', id:sub(2)) end
  fn.forget_if_idle(id, gate)
end
function fn.hold_gates(ids)
  for _, id in ipairs(ids or {}) do
    local gate = fn.obtain_gate(id)
    gate.held = gate.held + 1
    fn.touch_gate_job(id)
  end
end
function fn.release_gates(ids)
  for _, id in ipairs(ids or {}) do
    local gate = fn.read(KEY.gates, id)
    if gate then
      gate.held = gate.held - 1
      fn.let_go(id, gate)
    end
  end
end
-- The run's chance is used, or goes to the next.
function fn.end_chance(run, isHandedOn)
  local id = run.promotedBy
  if id == nil then return end
  run.promotedBy = nil
  local gate = fn.read(KEY.gates, id)
  local line = gate and gate.lines[run.job]
  if line == nil then return end
  line.promoted = line.promoted - 1
  fn.write(KEY.gates, id, gate)
  if isHandedOn then fn.let_line_go(id, gate, run.job) end
  fn.forget_if_idle(id, gate)
end
function fn.take_gates(run)
  fn.hold_gates(run.gates)
  fn.end_chance(run, false)
end
-- A pending run found the gate full: it waits there.
function fn.wait_at(run, id)
  fn.unplace_run(run)
  fn.change_state(run, 'block')
  local gate = fn.obtain_gate(id)
  local line = gate.lines[run.job]
  if line == nil then
    line = { waiting = 0, promoted = 0 }
    gate.lines[run.job] = line
  end
  fn.put(KEY.lines, fn.line_member(id, run))
  line.waiting = line.waiting + 1
  gate.waiting = gate.waiting + 1
  run.gate = id
  fn.touch_run(run)
  fn.touch_gate_job(id)
  fn.end_chance(run, true)
end
-- Takes a pending or waiting run out of all indexes; its chance at a gate goes to the next.
function fn.withdraw(run)
  if run.gate == nil then
    fn.unplace_run(run)
    fn.end_chance(run, true)
    return
  end
  local id = run.gate
  local gate = fn.read(KEY.gates, id)
  fn.cut(KEY.lines, fn.line_member(id, run))
  run.gate = nil
  fn.touch_run(run)
  if gate then
    local line = gate.lines[run.job]
    if line then line.waiting = line.waiting - 1 end
    gate.waiting = gate.waiting - 1
    fn.write(KEY.gates, id, gate)
    fn.forget_if_idle(id, gate)
  end
  fn.touch_gate_job(id)
end
-- A waiting run that is not due any more: pending until its new instant.
function fn.unwait(run)
  fn.withdraw(run)
  fn.change_state(run, 'promote')
end
`,
}
