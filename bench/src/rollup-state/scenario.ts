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
    'rollups of hours, each with so many windows on record: what a process takes to start where nothing is to be done, its memory, its health; then all are dirty: what a run takes to look at those of one rollup, and to plan; `all` is that for every rollup in turn',
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
