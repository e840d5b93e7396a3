/** Bids for leases: granted first come, first served. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesAcquire: LuaModule = {
  name: 'leases.acquire',
  needs: [takeOver],
  source: `
fn.take_over_expired()
fn.sweep_leases()
local function granted(lease) return { 1, lease.fence, fn.number_out(lease.expiresAt) } end
local function prolong(id, gate, leaseMs)
  gate.lease.expiresAt = now + leaseMs
  fn.put(KEY.leases, id, gate.lease.expiresAt)
  fn.write(KEY.gates, id, gate)
  return granted(gate.lease)
end
local function acquire_one(bid)
  local id = 'm' .. bid.name
  local gate = fn.obtain_gate(id)
  if gate.lease and gate.lease.holder == bid.holder then return prolong(id, gate, bid.leaseMs) end
  local standing, place = {}, nil
  for _, other in ipairs(gate.bids) do
    if other[2] > now then
      standing[#standing + 1] = other
      if other[1] == bid.holder then place = #standing end
    end
  end
  local ahead = place and place - 1 or #standing
  if gate.held < 1 and ahead == 0 and now >= meta.leasesFrom then
    if place then table.remove(standing, place) end
    gate.bids = standing
    gate.held = gate.held + 1
    gate.lease = { holder = bid.holder, fence = fn.next_fence(bid.seenFence), expiresAt = now + bid.leaseMs }
    fn.put(KEY.leases, id, gate.lease.expiresAt)
    return granted(gate.lease)
  end
  if bid.queue or place then standing[ahead + 1] = { bid.holder, now + bid.leaseMs } end
  gate.bids = standing
  fn.forget_if_idle(id, gate)
  -- In time to keep the place, and when the present lease ends.
  return { 0, ahead, fn.number_out(math.min(now + math.ceil(bid.leaseMs / 2), gate.lease and gate.lease.expiresAt or now < meta.leasesFrom and meta.leasesFrom or INFINITY)) }
end
local replies = {}
for index, bid in ipairs(request.bids) do replies[index] = acquire_one(bid) end
return fn.answer(replies)
`,
}
