/** Prolongs leases that are still held. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesRenew: LuaModule = {
  name: 'leases.renew',
  needs: [takeOver],
  source: `
fn.sweep_leases()
local function find_lease(held)
  local id = 'm' .. held.name
  local gate = fn.read(KEY.gates, id)
  if gate and gate.lease and gate.lease.holder == held.holder and gate.lease.fence == held.fence then return id, gate end
end
local replies = {}
for index, held in ipairs(request.leases) do
  local id, gate = find_lease(held)
  if id then
    gate.lease.expiresAt = now + held.leaseMs
    fn.put(KEY.leases, id, gate.lease.expiresAt)
    fn.write(KEY.gates, id, gate)
  end
  replies[index] = id and 1 or 0
end
return fn.answer(replies)
`,
}
