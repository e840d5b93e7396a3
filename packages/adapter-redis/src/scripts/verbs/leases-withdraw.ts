/** Gives up places in the queue, and anything a lost reply granted. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const leasesWithdraw: LuaModule = {
  name: 'leases.withdraw',
  needs: [takeOver],
  source: `
fn.sweep_leases()
for _, bid in ipairs(request.bids) do
  local id = 'm' .. bid.name
  local gate = fn.read(KEY.gates, id)
  if gate then
    local left = {}
    for _, other in ipairs(gate.bids) do
      if other[1] ~= bid.holder then left[#left + 1] = other end
    end
    gate.bids = left
    fn.write(KEY.gates, id, gate)
    if gate.lease and gate.lease.holder == bid.holder then fn.end_lease(id, gate) else fn.forget_if_idle(id, gate) end
  end
end
return fn.answer(0)
`,
}
