/** What many rollups cost whose stores know of many windows each. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const SHAPES = [
  { rollups: 100, windows: 1_000 },
  { rollups: 1_000, windows: 1_000 },
]

export const rollupState: Scenario = {
  name: 'rollup-state',
  about:
    'rollups of hours, each with so many windows on record that failed and are put off; what a process takes to start with them, how much memory, and what a run takes to look and plan',
  rounds: { quick: 1, full: 3 },
  async contenders(stack) {
    const server = await startServer(stack, { shared_buffers: '1GB', max_wal_size: '8GB' })
    return SHAPES.map(
      ({ rollups, windows }): Contender => ({
        peer: 'quarterjack',
        version: versionOf('quarterjack'),
        config: `${rollups.toLocaleString('en')} rollups × ${windows.toLocaleString('en')} windows`,
        measure: onFreshDatabase(server, 'rollup-state/measure.ts', () => [String(rollups), String(windows)]),
      }),
    )
  },
}
