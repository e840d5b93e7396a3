/** `rollups restore`: puts a snapshot of a target back. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount, formatInstant } from '../format.ts'
import { knownRollup } from '../known-rollup.ts'

/** The command `rollups restore`. */
export const rollupsRestoreCommand: CliCommand = {
  name: 'restore',
  summary: 'put back what "backfill --snapshot" kept of the rows of a rollup',
  details:
    'Whatever the target has in the range of the snapshot is replaced, in one transaction; the snapshot stays. ' +
    'Rollups that come after this one are refreshed. Refused while a backfill of the rollup is unfinished.',
  examples: ['rollups restore stats-daily stats_daily_20260101_080000000'],
  needsSharedStore: true,
  define: (command) => command.argument('<rollup>', 'name of the rollup').argument('<snapshot>', 'table that "backfill --snapshot" named'),
  run: async ({ scheduler }, [name = '', snapshot = '']) => {
    const restored = await scheduler.rollups.restore(knownRollup(scheduler, name), snapshot)
    const { rows, from, to } = restored
    return {
      exitCode: EXIT.ok,
      json: restored,
      text: () => `${formatCount(rows, 'row')} of ${name} restored, ${formatInstant(from)} to ${formatInstant(to)}`,
    }
  },
}
