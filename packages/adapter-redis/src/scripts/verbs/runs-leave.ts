/** The clean end of an owner: what it held is pending again, as if it had never been claimed. */
import { takeOver } from '../lua/take-over.ts'
import type { LuaModule } from '../lua-module.ts'

export const runsLeave: LuaModule = {
  name: 'runs.leave',
  needs: [takeOver],
  source: `
local id = request.owner
local owner = find_owner(id)
if owner == nil then
  -- A renewal that is still on its way must not bring it to life.
  if read(KEY.ended, id) == nil then
    write(KEY.ended, id, {})
    put(KEY.endedOrder, id, count('ends'))
  end
  return answer(0)
end
local released = 0
for _, runId in ipairs(held_ids(id)) do
  local run = find_run(runId)
  if run and run.owner == id then
    release_run(run, false)
    take_attempt_back(run)
    give_back(run)
    released = released + 1
  end
end
end_owner(id, owner, {})
return answer(released)
`,
}
