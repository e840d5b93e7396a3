/** `runs`: the history, newest first, and `runs show`: one of them. */
import { QuarterjackError } from '../../errors/quarterjack-error.ts'
import type { RunState } from '../../run/run-state.ts'
import type { RunFilter } from '../../scheduler/scheduler.ts'
import type { CliCommand, CommandContext, CommandResult } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { warnUnknownJob } from '../known-job.ts'
import { runStates, wholeNumber } from '../parse-option.ts'
import { renderRun, renderRuns, runJson } from '../run-view.ts'

interface RunsOptions {
  readonly job?: string
  readonly key?: string
  readonly state?: readonly RunState[]
  readonly limit: number
  readonly after?: string
}

/** Filters of a page. */
export interface PageFilter extends RunFilter {
  readonly job?: string
  readonly limit: number
}

const runsShowCommand: CliCommand = {
  name: 'show',
  summary: 'everything known of one run',
  examples: ['runs show 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10'],
  needsSharedStore: true,
  define: (command) => command.argument('<run-id>', 'id of the run'),
  run: async ({ scheduler }, [id = '']) => {
    const run = await scheduler.runs.get(id)
    if (run === null) throw new QuarterjackError('UnknownRun', `There is no run "${id}": the id is wrong, or the run is no longer kept.`)
    return { exitCode: EXIT.ok, json: { run: runJson(run) }, text: (layout) => renderRun(run, layout) }
  },
}

/** The command `runs`. */
export const runsCommand: CliCommand<RunsOptions> = {
  name: 'runs',
  summary: 'runs, newest first',
  examples: ['runs', 'runs --job report --state running,pending', 'runs show 0198c2f0-7b1e-7cc3-98c4-2f8b5a1d9e10'],
  needsSharedStore: true,
  define: (command) =>
    command
      .option('--job <name>', 'runs of one job')
      .option('--key <key>', 'runs of one key')
      .option('--state <states>', 'pending, waiting, running, succeeded, dead, cancelled, skipped; several with commas', runStates)
      .option('--limit <n>', 'most lines', wholeNumber(1, 1_000), 50)
      .option('--after <run-id>', 'continue behind this run'),
  run: async (context, _args, options) => listRuns(context, pickFilter(options)),
  subcommands: [runsShowCommand],
}

/** A page of runs. */
export async function listRuns(context: CommandContext, filter: PageFilter): Promise<CommandResult> {
  const { scheduler } = context
  const runs = await scheduler.runs.find(filter)
  if (runs.length === 0) warnUnknownJob(context, filter.job)
  const next = runs.length === filter.limit ? (runs.at(-1)?.id ?? null) : null
  return {
    exitCode: EXIT.ok,
    json: { runs: runs.map(runJson), next },
    text: (layout) => {
      if (runs.length === 0) return 'no run'
      return renderRuns(runs, layout) + (next === null ? '' : `\nmore: repeat with --after ${next}`)
    },
  }
}

function pickFilter({ job, key, state, limit, after }: RunsOptions): PageFilter {
  return {
    limit,
    ...(job === undefined ? {} : { job }),
    ...(key === undefined ? {} : { key }),
    ...(state === undefined ? {} : { state }),
    ...(after === undefined ? {} : { after }),
  }
}
