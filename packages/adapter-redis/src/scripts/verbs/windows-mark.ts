/** Marks are appended to the log. */
import { marks } from '../lua/marks.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsMark: LuaModule = {
  name: 'windows.mark',
  needs: [marks],
  source: `
for _, mark in ipairs(request.marks) do fn.append_mark(mark) end
return fn.answer(0)
`,
}
