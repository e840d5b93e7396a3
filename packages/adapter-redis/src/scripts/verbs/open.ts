/** Who wrote under the prefix: its format, which is set by the first to open it. */
import { kernel } from '../lua/kernel.ts'
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
return fn.answer(tonumber(known))
`,
}
