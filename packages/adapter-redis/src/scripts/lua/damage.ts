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
  or call('HLEN', KEY.rollups) ~= (tonumber(call('HGET', KEY.meta, 'defined')) or 0)
  or call('HLEN', KEY.rollupWindows) ~= call('ZCARD', KEY.rollupStarts)
  or call('HLEN', KEY.marks) ~= call('ZCARD', KEY.markOrder) + call('ZCARD', KEY.parkedMarks)
  or (call('HLEN', KEY.marks) > 0) ~= (call('HLEN', KEY.sources) > 0)
  or call('HLEN', KEY.backfills) ~= call('ZCARD', KEY.backfillOrder)
`,
}
