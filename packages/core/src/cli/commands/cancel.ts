/** `cancel`: ends a run that has not ended, or those of a job. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { RunState } from '../../run/run-state.ts'
import type { Scheduler } from '../../scheduler/scheduler.ts'
import type { CliCommand, CommandContext, CommandResult } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount } from '../format.ts'
import { warnUnknownJob } from '../known-job.ts'
import { runStates, wholeNumber } from '../parse-option.ts'

interface CancelOptions {
  readonly job?: string
  readonly key?: string
  readonly state?: readonly RunState[]
  readonly limit?: number
  readonly reason?: string
}

/** The command `cancel`. */
export const cancelCommand: CliCommand<CancelOptions> = {
  name: 'cancel',
  summary: 'cancel a run, or the runs of a job',
  details:
    'A pending run is cancelled at once. A running one is asked to stop: the process that executes it aborts its signal. Exit code 1 when it had ended. ' +
    'With --job every run that has not ended, the newest first; those that are made meanwhile are left: suspend the job before.',
  examples: [
    'cancel 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10 --reason "wrong payload"',
    'cancel --job feedback-aggregate --state pending --reason "sent twice"',
  ],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('[run-id]', 'id of the run')
      .option('--job <name>', 'runs of this job, instead of one run')
      .option('--key <key>', 'with --job: of one key')
      .option('--state <states>', 'with --job: only pending, waiting, running; several with commas', runStates)
      .option('--limit <n>', 'with --job: most runs (default: all)', wholeNumber(1))
      .option('--reason <text>', 'kept with the run'),
  run: async (context, [id], options) => {
    const { job, key, state, limit, reason } = options
    if (id !== undefined && [job, key, state, limit].every((one) => one === undefined)) return cancelOne(context.scheduler, id, reason)
    if (job === undefined || id !== undefined)
      throw new QuarterjackError('InvalidOption', 'cancel: give the id of a run, or --job <name> for the runs of a job.')
    return cancelJob(context, job, options)
  },
}

async function cancelOne(scheduler: Scheduler, id: string, reason: string | undefined): Promise<CommandResult> {
  const cancelled = await scheduler.runs.cancel(id, reason)
  const state = (await scheduler.runs.get(id))?.state ?? null
  return {
    exitCode: cancelled ? EXIT.ok : EXIT.failed,
    json: { id, cancelled, state },
    text: () => {
      if (!cancelled) return `run ${id} had already ended${state === null ? '' : `: ${state}`}`
      return state === 'cancelled' || state === null ? `run ${id} is cancelled` : `run ${id} is ${state}: it is asked to stop`
    },
  }
}

async function cancelJob(context: CommandContext, job: string, { key, state, limit, reason }: CancelOptions): Promise<CommandResult> {
  const cancelled = await context.scheduler.runs.cancelAll({ job, key, state, limit }, reason)
  if (cancelled === 0) warnUnknownJob(context, job)
  return {
    exitCode: EXIT.ok,
    json: { job, cancelled },
    text: () => `${formatCount(cancelled, 'run')} of ${job} cancelled, or asked to stop`,
  }
}
