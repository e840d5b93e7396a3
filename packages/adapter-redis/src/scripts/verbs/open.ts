/** Who wrote under the prefix: its format, which is set by the first to open it. */
import { kernel } from '../lua/kernel.ts'
import { OWN_WRITES } from '../lua/own-writes.ts'
import type { LuaModule } from '../lua-module.ts'

export const open: LuaModule = {
  name: 'open',
  needs: [kernel],
  source: `
local known = call('HGET', KEY.meta, 'format')
if not known then
  metaChanges.format = request.format
  known = request.format
end
-- Whoever opens lets go what processes counted that wrote nothing for a day: some fields at a time, from where the last one stopped.
-- None of it counts as a write: it is no loss where it is lost.
local cursor, oldest, gone = call('HGET', KEY.meta, 'ownAt') or '0', floor(now / 86400000) - 1, {}
local page = call('HSCAN', KEY.meta, cursor, 'MATCH', '${OWN_WRITES}*', 'COUNT', 200)
for index = 1, #page[2], 2 do
  if tonumber(page[2][index + 1]:match('%d+$')) < oldest then gone[#gone + 1] = page[2][index] end
end
if #gone > 0 then
  fn.each_chunk(gone, 2000, function(from, to) call('HDEL', KEY.meta, unpack(gone, from, to)) end)
  call('HSET', KEY.meta, 'ownFrom', format('%d', oldest))
end
if page[1] ~= cursor then call('HSET', KEY.meta, 'ownAt', page[1]) end
return fn.answer(tonumber(known))
`,
}
