/** Whether rows and indexes still belong together: something outside of the store may delete or evict a part. */
import type { LuaModule } from '../lua-module.ts'
import { kernel } from './kernel.ts'

export const damage: LuaModule = {
  name: 'damage',
  needs: [kernel],
  source: `
-- Costs the same however much is kept. To be asked before anything is changed.
local isDamaged = call('HLEN', KEY.jobs) ~= call('HLEN', KEY.jobNumbers)
  or call('HLEN', KEY.schedules) ~= call('ZCARD', KEY.scheduleNames)
  or call('ZCARD', KEY.due) ~= meta.due
  or call('ZCARD', KEY.dueJobs) ~= meta.dueJobs
  or call('HLEN', KEY.owners) ~= call('ZCARD', KEY.ownerEnds)
`,
}
