/** How long `import` takes in a fresh process, beside peers. Ours is the built package. */
import { inOwnProcess, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const PACKAGES = ['quarterjack', 'croner', 'node-schedule', 'toad-scheduler', 'graphile-worker'] as const

export const importTime: Scenario = {
  name: 'import',
  about: 'time of one import() in a fresh process; run `pnpm build` first',
  rounds: { quick: 5, full: 21 },
  async contenders() {
    return PACKAGES.map((peer) => ({
      peer,
      version: versionOf(peer),
      config: 'fresh process',
      measure: () =>
        inOwnProcess('import/measure.ts', [
          peer === 'quarterjack' ? new URL('../../../packages/core/dist/index.js', import.meta.url).href : peer,
        ]),
    }))
  },
}
