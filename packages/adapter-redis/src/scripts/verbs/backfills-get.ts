/** Backfills by id. */
import { backfills } from '../lua/backfills.ts'
import type { LuaModule } from '../lua-module.ts'

export const backfillsGet: LuaModule = {
  name: 'backfills.get',
  needs: [backfills],
  source: `
local found = {}
fn.prefetch(KEY.backfills, request.ids)
for index, id in ipairs(request.ids) do
  local row = fn.find_backfill(id)
  found[index] = row and fn.backfill_out(row) or false
end
return fn.answer(found)
`,
}
