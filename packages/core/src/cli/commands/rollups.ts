/** `rollups`: how fresh the rollups of this program are. */
import type { RollupHealth } from '../../health/snapshot.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatElapsed, formatInstant } from '../format.ts'
import { isRollup } from '../known-rollup.ts'
import { type Column, renderTable } from '../table.ts'
import { rollupsDdlCommand } from './rollups-ddl.ts'
import { rollupsRestoreCommand } from './rollups-restore.ts'

/** The command `rollups`. */
export const rollupsCommand: CliCommand = {
  name: 'rollups',
  summary: 'rollups of this program: watermark, lag, what is dirty or failed',
  examples: ['rollups', 'rollups --json'],
  needsSharedStore: true,
  define: (command) => command,
  run: async ({ scheduler }) => {
    const rollups = await Promise.all(scheduler.jobs.filter(isRollup).map((rollup) => scheduler.rollups.state(rollup)))
    return {
      exitCode: EXIT.ok,
      json: { rollups },
      text: (layout) => (rollups.length === 0 ? 'this program has no rollups' : renderTable(rollups, ROLLUP_COLUMNS, layout)),
    }
  },
  subcommands: [rollupsDdlCommand, rollupsRestoreCommand],
}

/** Also of `health`. */
export const ROLLUP_COLUMNS: readonly Column<RollupHealth>[] = [
  { title: 'ROLLUP', value: (one) => one.rollup, flex: true },
  { title: 'FRESHNESS', value: (one) => one.freshness ?? one.status },
  { title: 'WATERMARK', value: (one) => formatInstant(one.watermark) },
  { title: 'LAG', value: (one) => formatElapsed(one.lagMs), align: 'right' },
  { title: 'DIRTY', value: (one) => String(one.dirty), align: 'right' },
  { title: 'DIRTY FOR', value: (one) => formatElapsed(one.dirtyMs), align: 'right' },
  { title: 'FAILED', value: (one) => (one.failed > 0 ? String(one.failed) : ''), align: 'right', optional: true },
  { title: 'SUSPECT', value: (one) => (one.suspect > 0 ? String(one.suspect) : ''), align: 'right', optional: true },
  { title: 'WHY', value: (one) => one.why.join('; '), flex: true, optional: true },
]
