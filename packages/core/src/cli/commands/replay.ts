/** `replay`: new runs for dead ones. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { RunHandle } from '../../scheduler/scheduler.ts'
import type { CliCommand, CommandResult } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount } from '../format.ts'
import { wholeNumber } from '../parse-option.ts'

interface ReplayOptions {
  readonly job?: string
  readonly limit?: number
}

/** The command `replay`. */
export const replayCommand: CliCommand<ReplayOptions> = {
  name: 'replay',
  summary: 'run a finished run once more, or the dead runs of a job',
  details: 'Each replay is a new run with the old payload; the old record stays. With --job the oldest dead runs come first.',
  examples: ['replay 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10', 'replay --job feedback-aggregate --limit 20'],
  needsSharedStore: true,
  define: (command) =>
    command
      .argument('[run-id]', 'id of the run')
      .option('--job <name>', 'dead runs of this job, instead of one run')
      .option('--limit <n>', 'with --job: most runs (default: 100)', wholeNumber(1)),
  run: async ({ scheduler, progress }, [id], { job, limit }) => {
    if ((id === undefined) === (job === undefined)) {
      throw new QuarterjackError('InvalidOption', 'replay: give the id of a run, or --job <name> for the dead runs of a job.')
    }
    if (id !== undefined) return replayed([await scheduler.runs.replay(id)])
    progress.update(`replaying the dead runs of ${job} …`)
    return replayed(await scheduler.runs.replayAll({ ...(job === undefined ? {} : { job }), ...(limit === undefined ? {} : { limit }) }))
  },
}

function replayed(handles: readonly RunHandle[]): CommandResult {
  const runs = handles.map(({ id, outcome }) => ({ id, outcome }))
  return {
    exitCode: EXIT.ok,
    json: { replayed: runs.length, runs },
    text: () => [...runs.map(({ id, outcome }) => `run ${id}: ${outcome}`), `${formatCount(runs.length, 'run')} replayed`].join('\n'),
  }
}
