/** `dead`: the dead letters. */
import type { CliCommand } from '../command.ts'
import { wholeNumber } from '../parse-option.ts'
import { listRuns } from './runs.ts'

interface DeadOptions {
  readonly job?: string
  readonly limit: number
  readonly after?: string
}

/** The command `dead`. */
export const deadCommand: CliCommand<DeadOptions> = {
  name: 'dead',
  summary: 'dead letters: runs that will not be tried again',
  examples: ['dead', 'dead --job feedback-aggregate'],
  needsSharedStore: true,
  define: (command) =>
    command
      .option('--job <name>', 'dead runs of one job')
      .option('--limit <n>', 'most lines', wholeNumber(1, 1_000), 50)
      .option('--after <run-id>', 'continue behind this run'),
  run: async (context, _args, { job, limit, after }) =>
    listRuns(context, { state: 'dead', limit, ...(job === undefined ? {} : { job }), ...(after === undefined ? {} : { after }) }),
}
