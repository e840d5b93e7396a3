/** `backfill`: asks for a range to be recomputed, and watches. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { BackfillOptions } from '../../rollup/backfill-options.ts'
import type { Duration } from '../../time/duration.ts'
import { backfillLine } from '../backfill-view.ts'
import type { CliCommand, CommandContext, CommandResult } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount, formatInstant } from '../format.ts'
import { knownRollup } from '../known-rollup.ts'
import { duration, oneOf, wholeNumber } from '../parse-option.ts'
import { renderFields } from '../table.ts'

interface BackfillCommandOptions {
  readonly from?: string
  readonly to?: string
  readonly last?: Duration
  readonly date?: string
  readonly select?: BackfillOptions['select']
  readonly order?: BackfillOptions['order']
  readonly concurrency?: number
  readonly snapshot?: true
  readonly dryRun?: true
  readonly wait: boolean
  readonly timeout?: Duration
}

/** The command `backfill`. */
export const backfillCommand: CliCommand<BackfillCommandOptions> = {
  name: 'backfill',
  summary: 'recompute a range of a rollup, on all replicas, with progress',
  details:
    'The backfill is kept by the store: it goes on when this command ends, and after any crash. ' +
    'It needs a live process that knows the rollup. Look at it with "backfills".',
  examples: [
    'backfill stats-daily --last 30d',
    'backfill stats-daily --date 2026-03-29',
    'backfill stats-daily --from 2026-01-01 --to 2026-02-01 --select missing --dry-run',
    'backfill stats-daily --last 90d --snapshot',
  ],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('<rollup>', 'name of the rollup')
      .option('--from <instant>', 'first instant, or a day of the rollup’s zone')
      .option('--to <instant>', 'end, exclusive (default: now)')
      .option('--last <duration>', 'up to now, such as 30d', duration)
      .option('--date <day>', 'one day of the rollup’s zone')
      .option('--select <windows>', 'missing, failed, dirty or all (default: all)', oneOf('missing', 'failed', 'dirty', 'all'))
      .option('--order <order>', 'newest or oldest first (default: newest)', oneOf('newest', 'oldest'))
      .option('--concurrency <n>', 'runs that work on it at a time (default: 1)', wholeNumber(1, 100))
      .option('--snapshot', 'first copy the rows of the range; "rollups restore" puts them back')
      .option('--dry-run', 'print the plan, change nothing')
      .option('--no-wait', 'return at once; it goes on')
      .option('--timeout <duration>', 'wait so long at most; it goes on', duration),
  run: async (context, [name = ''], { dryRun, snapshot, wait, timeout, ...asked }) => {
    const rollup = knownRollup(context.scheduler, name)
    const plan = await context.scheduler.rollups.planBackfill(rollup, asked)
    if (dryRun === true) return planned(plan)
    const carryOut = async (options: BackfillOptions): Promise<CommandResult> => {
      const backfill = await context.scheduler.backfill(rollup, options)
      return wait ? watch(context, backfill, timeout) : started(await backfill.progress())
    }
    if (snapshot !== true) return withSnapshot(await carryOut(asked), null, context)
    const kept = await context.scheduler.rollups.snapshot(rollup, { from: plan.from, to: plan.to })
    try {
      // The range that was copied, and no later one.
      return withSnapshot(await carryOut({ from: plan.from, to: plan.to, ...chosen(asked) }), kept, context)
    } catch (error) {
      context.warn(keptLine(kept, context))
      throw error
    }
  },
}

function planned(plan: Awaited<ReturnType<CommandContext['scheduler']['rollups']['planBackfill']>>): CommandResult {
  return {
    exitCode: EXIT.ok,
    json: { dryRun: true, ...plan },
    text: (layout) =>
      renderFields(
        [
          ['rollup', plan.rollup],
          ['range', `${formatInstant(plan.from)} to ${formatInstant(plan.to)}`],
          ['windows', `${formatCount(plan.windows, 'window')} of ${plan.grain}, ${plan.select}, ${plan.order} first`],
          ['runs', `${plan.concurrency} at a time`],
        ],
        layout,
      ),
  }
}

function withSnapshot(result: CommandResult, kept: Kept | null, context: CommandContext): CommandResult {
  return {
    ...result,
    json: { ...result.json, snapshot: kept?.snapshot ?? null },
    text: (layout) => [result.text(layout), ...(kept === null ? [] : [keptLine(kept, context)])].join('\n'),
  }
}

function keptLine({ rollup, snapshot, rows }: Kept, { program }: CommandContext): string {
  return `snapshot ${snapshot} keeps ${formatCount(rows, 'row')}: "${program} rollups restore ${rollup} ${snapshot}" puts them back; drop it when it is no longer needed`
}

/** Options that do not say which range. */
function chosen({ select, order, concurrency }: BackfillOptions): Pick<BackfillOptions, 'select' | 'order' | 'concurrency'> {
  return {
    ...(select === undefined ? {} : { select }),
    ...(order === undefined ? {} : { order }),
    ...(concurrency === undefined ? {} : { concurrency }),
  }
}

type Kept = Awaited<ReturnType<CommandContext['scheduler']['rollups']['snapshot']>>
type Backfill = Awaited<ReturnType<CommandContext['scheduler']['backfill']>>
type Progress = Awaited<ReturnType<Backfill['progress']>>

function started(progress: Progress): CommandResult {
  return {
    exitCode: EXIT.ok,
    json: { ...progress },
    text: () => `backfill ${progress.id} of ${progress.rollup}: ${formatCount(progress.windows, 'window')}, it goes on by itself`,
  }
}

async function watch({ progress: line, signal, program }: CommandContext, backfill: Backfill, timeout?: Duration): Promise<CommandResult> {
  try {
    const ended = await backfill.finished({
      ...(timeout === undefined ? {} : { timeout }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (progress) => line.update(backfillLine(progress)),
    })
    return {
      exitCode: ended.state === 'finished' && ended.failed === 0 ? EXIT.ok : EXIT.failed,
      json: { ...ended },
      text: () => `${backfillLine(ended)}\nbackfill ${ended.id} of ${ended.rollup} is ${ended.state}`,
    }
  } catch (error) {
    if (!signal?.aborted) throw error
    const look = `Look with "${program} backfills", end it with "${program} backfills cancel ${backfill.id}".`
    throw new QuarterjackError('WaitTimedOut', `The wait for backfill ${backfill.id} was interrupted; it goes on. ${look}`, {
      cause: error,
    })
  } finally {
    line.clear()
  }
}
