/** `rollups ddl`: the statements that make the target of a rollup. */
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { knownRollup } from '../known-rollup.ts'

/** The command `rollups ddl`. */
export const rollupsDdlCommand: CliCommand = {
  name: 'ddl',
  summary: 'print the statements that make the target of a rollup; makes nothing',
  details: 'For databases in which tables are made by migrations alone. The types are those of the database, which must have the source.',
  examples: ['rollups ddl stats-daily'],
  // The database may be another than the store's.
  needsSharedStore: false,
  define: (command) => command.argument('<rollup>', 'name of the rollup'),
  run: async ({ scheduler }, [name = '']) => {
    const rollup = knownRollup(scheduler, name)
    const sql = await scheduler.rollups.targetSql(rollup)
    return { exitCode: EXIT.ok, json: { rollup: rollup.name, sql }, text: () => sql.trimEnd() }
  },
}
