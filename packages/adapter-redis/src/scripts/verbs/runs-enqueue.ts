/** Requests become runs, or join one. */
import { claim } from '../lua/claim.ts'
import { enqueue } from '../lua/enqueue.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsEnqueue: LuaModule = {
  name: 'runs.enqueue',
  needs: [claim, enqueue],
  source: `
local claiming = request.claim and fn.open_claim(request.claim)
local replies = {}
for index, asked in ipairs(request.requests) do replies[index] = fn.enqueue_one(asked, claiming, fn.claim_at_once) end
fn.tidy_requests()
return fn.answer({ replies, fn.tick_for(claiming and claiming.id, claiming and claiming.owner) })
`,
}
