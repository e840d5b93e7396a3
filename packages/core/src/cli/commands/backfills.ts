/** `backfills`: what was asked for, how far it is, and its control. */
import type { Backfill } from '../../scheduler/rollups.ts'
import { BACKFILL_COLUMNS } from '../backfill-view.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { wholeNumber } from '../parse-option.ts'
import { renderTable } from '../table.ts'

interface ListOptions {
  readonly rollup?: string
  readonly unfinished?: true
  readonly limit: number
}

interface ReasonOptions {
  readonly reason?: string
}

/** The command `backfills`. */
export const backfillsCommand: CliCommand<ListOptions> = {
  name: 'backfills',
  summary: 'backfills, newest first; pause, resume and cancel them',
  examples: ['backfills --unfinished', 'backfills pause 01JX… --reason "the database is busy"', 'backfills cancel 01JX…'],
  needsSharedStore: true,
  define: (command) =>
    command
      .option('--rollup <name>', 'of one rollup')
      .option('--unfinished', 'only those that go on or are paused')
      .option('--limit <n>', 'at most so many', wholeNumber(1, 1_000), 50),
  run: async ({ scheduler }, _args, options) => {
    const backfills = await scheduler.rollups.backfills(options)
    return {
      exitCode: EXIT.ok,
      json: { backfills },
      text: (layout) => (backfills.length === 0 ? 'no backfill' : renderTable(backfills, BACKFILL_COLUMNS, layout)),
    }
  },
  subcommands: [
    control('pause', 'stop where it is; "resume" goes on from there', 'paused', (one, reason) => one.pause(reason)),
    control('resume', 'go on', 'resumed', (one) => one.resume()),
    control('cancel', 'end it; what was refreshed stays', 'cancelled', (one, reason) => one.cancel(reason)),
  ],
}

function control(
  name: 'pause' | 'resume' | 'cancel',
  summary: string,
  done: string,
  act: (backfill: Backfill, reason?: string) => Promise<boolean>,
): CliCommand {
  const command: CliCommand<ReasonOptions> = {
    name,
    summary,
    examples: [`backfills ${name} 01JX…`],
    needsSharedStore: true,
    define: (given) => {
      const defined = given.argument('<id>', 'id of the backfill')
      return name === 'resume' ? defined : defined.option('--reason <text>', 'why; shown wherever the backfill is shown')
    },
    run: async ({ scheduler }, [id = ''], { reason }) => {
      const backfill = await scheduler.rollups.backfill(id)
      const changed = await act(backfill, reason)
      const progress = await backfill.progress()
      return {
        exitCode: EXIT.ok,
        json: { ...progress, changed },
        text: () => (changed ? `backfill ${id} is ${done}` : `backfill ${id} is ${progress.state}: nothing changed`),
      }
    },
  }
  return command as unknown as CliCommand
}
