/** Gives up places in the queue, and anything a lost reply granted. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesWithdraw: LuaModule = {
  name: 'leases.withdraw',
  needs: [takeOver],
  source: `
sweep_leases()
for _, bid in ipairs(request.bids) do
  local id = 'm' .. bid.name
  local gate = read(KEY.gates, id)
  if gate then
    local left = {}
    for _, other in ipairs(gate.bids) do
      if other[1] ~= bid.holder then left[#left + 1] = other end
    end
    gate.bids = left
    write(KEY.gates, id, gate)
    if gate.lease and gate.lease.holder == bid.holder then end_lease(id, gate) else forget_if_idle(id, gate) end
  end
end
return answer(0)
`,
}
