/** The clean end of an owner: what it held is pending again, as if it had never been claimed. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsLeave: LuaModule = {
  name: 'runs.leave',
  needs: [takeOver],
  source: `
local id = request.owner
local owner = fn.find_owner(id)
if owner == nil then
  -- A renewal that is still on its way must not bring it to life.
  if fn.read(KEY.ended, id) == nil then
    fn.write(KEY.ended, id, {})
    fn.put(KEY.endedOrder, id, fn.count('ends'))
  end
  return fn.answer(0)
end
local released = 0
for _, runId in ipairs(fn.held_ids(id)) do
  local run = fn.find_run(runId)
  if run and run.owner == id then
    fn.release_run(run, false)
    fn.take_attempt_back(run)
    fn.give_back(run)
    released = released + 1
  end
end
fn.end_owner(id, owner, {})
return fn.answer(released)
`,
}
