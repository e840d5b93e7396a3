/** The server's clock. */
import { kernel } from '../lua/kernel.ts'
import type { LuaModule } from '../lua-module.ts'

export const now: LuaModule = {
  name: 'now',
  needs: [kernel],
  source: `
return fn.answer(0)
`,
}
