/** Goes on with deleting windows that no rollup has any more, and stamps of cancelled backfills. 1 when nothing is left. */
import { rollupWindows } from '../lua/rollup-windows.ts'
import type { LuaModule } from '../lua-module.ts'

export const windowsSweep: LuaModule = {
  name: 'windows.sweep',
  needs: [rollupWindows],
  source: `
return fn.answer(fn.sweep(500) and 1 or 0)
`,
}
