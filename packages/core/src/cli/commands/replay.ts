/** `replay`: new runs for finished ones. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { Scheduler } from '../../scheduler/scheduler.ts'
import type { CliCommand, CommandContext, CommandResult } from '../command.ts'
import { EXIT, type ExitCode, exitCodeOf } from '../exit-code.ts'
import { formatCount } from '../format.ts'
import { warnUnknownJob } from '../known-job.ts'
import { wholeNumber } from '../parse-option.ts'
import { describeError, type PrintedError, renderError } from '../print-error.ts'

interface ReplayOptions {
  readonly job?: string
  readonly again?: boolean
  readonly limit: number
}

/** One new run, or why there is none. */
interface Replayed {
  readonly replayOf: string
  readonly id: string | null
  readonly error: PrintedError | null
}

const PAGE = 1_000

/** The command `replay`. */
export const replayCommand: CliCommand<ReplayOptions> = {
  name: 'replay',
  summary: 'run a finished run once more, or the dead runs of a job',
  details:
    'Each replay is a new run with the old payload; the old record stays. With --job the oldest come first, and those that were replayed already are left out; ' +
    'with --again they are replayed once more, and exit code 1 says that one of them could not be.',
  examples: ['replay 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10', 'replay --job feedback-aggregate --limit 20'],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('[run-id]', 'id of the run')
      .option('--job <name>', 'dead runs of this job, instead of one run')
      .option('--again', 'with --job: also those that were replayed already')
      .option('--limit <n>', 'with --job: most runs', wholeNumber(1), 100),
  run: async (context, [id], { job, again = false, limit }) => {
    const { scheduler } = context
    if (id !== undefined && job === undefined && !again) {
      const handle = await scheduler.runs.replay(id)
      return replayResult([{ replayOf: id, id: handle.id, error: null }], EXIT.ok)
    }
    if (job === undefined || id !== undefined) {
      throw new QuarterjackError(
        'InvalidOption',
        'replay: give the id of a run, or --job <name> for the dead runs of a job, perhaps with --again.',
      )
    }
    if (!again) return replayOnce(context, job, limit)
    const dead = await oldestDead(scheduler, job, limit)
    if (dead.length === 0) warnUnknownJob(context, job)
    return replayEach(context, dead)
  },
}

// Pages come newest first; only the oldest are kept.
async function oldestDead(scheduler: Scheduler, job: string, limit: number): Promise<readonly string[]> {
  let oldest: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await scheduler.runs.find({ job, state: 'dead', limit: PAGE, ...(after === undefined ? {} : { after }) })
    oldest = [...oldest, ...page.map((run) => run.id)].slice(-limit)
    if (page.length < PAGE) return oldest.reverse()
    after = page.at(-1)?.id
  }
}

// One that fails must not hide what became of the others; one pruned meanwhile does not end the work.
async function replayEach({ scheduler, progress, signal }: CommandContext, ids: readonly string[]): Promise<CommandResult> {
  const done: Replayed[] = []
  let exitCode: ExitCode = EXIT.ok
  for (const replayOf of ids) {
    if (signal?.aborted) break
    progress.update(`replaying: ${done.length} of ${ids.length}`)
    try {
      done.push({ replayOf, id: (await scheduler.runs.replay(replayOf)).id, error: null })
    } catch (error) {
      done.push({ replayOf, id: null, error: describeError(error) })
      exitCode = exitCodeOf(error)
      if (!QuarterjackError.isInstance(error, 'UnknownRun')) break
    }
  }
  return replayResult(done, done.length < ids.length && exitCode === EXIT.ok ? EXIT.failed : exitCode)
}

// Done again after an error, it goes on where it ended.
async function replayOnce(context: CommandContext, job: string, limit: number): Promise<CommandResult> {
  const { runs } = context.scheduler
  const handles = await runs.replayAll({ job, limit })
  if (handles.length === 0) warnUnknownJob(context, job)
  const done: Replayed[] = []
  for (const { id } of handles) done.push({ replayOf: (await runs.get(id))?.replayOf ?? '', id, error: null })
  return replayResult(done, EXIT.ok)
}

function replayResult(runs: readonly Replayed[], exitCode: ExitCode): CommandResult {
  const replayed = runs.filter((run) => run.id !== null).length
  return {
    exitCode,
    json: { replayed, runs },
    text: () => {
      const lines = runs.map(({ replayOf, id, error }) => `${replayOf} → ${error === null ? id : renderError(error)}`)
      return [...lines, `${formatCount(replayed, 'run')} replayed`].join('\n')
    },
  }
}
