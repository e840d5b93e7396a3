/** How long `import` takes in a fresh process, beside peers. Ours is the built package. */
import { execFileSync } from 'node:child_process'
import { inOwnProcess, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const CORE = new URL('../../../packages/core/', import.meta.url)
const PACKAGES = ['quarterjack', 'croner', 'node-schedule', 'toad-scheduler', 'graphile-worker'] as const

export const importTime: Scenario = {
  name: 'import',
  about: 'time of one import() in a fresh process; ours is built first',
  rounds: { quick: 5, full: 21 },
  async contenders() {
    execFileSync('tsup', { cwd: CORE, stdio: 'pipe' })
    return PACKAGES.map((peer) => ({
      peer,
      version: versionOf(peer),
      config: 'fresh process',
      measure: () => inOwnProcess('import/measure.ts', [peer === 'quarterjack' ? new URL('dist/index.js', CORE).href : peer]),
    }))
  },
}
