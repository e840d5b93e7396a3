/** Runs as commands print them: a table, the details of one, and the JSON shape. */
import type { RunState } from '../run/run-state.ts'
import type { Run } from '../scheduler/scheduler.ts'
import { formatElapsed, formatInstant, formatValue } from './format.ts'
import { type Column, type Layout, renderFields, renderTable } from './table.ts'

/** The JSON shape of a run: {@link Run}, with the instants of its attempts as ISO texts too, and null for what there is none of. */
export function runJson(run: Run): object {
  return {
    ...run,
    payload: run.payload ?? null,
    progress: run.progress ?? null,
    result: run.result ?? null,
    attempts: run.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt).toISOString(),
      finishedAt: new Date(attempt.finishedAt).toISOString(),
    })),
  }
}

/** One line per run. */
export function renderRuns(runs: readonly Run[], layout: Layout): string {
  return renderTable(runs, RUN_COLUMNS, layout)
}

/** Everything that is known of one run. */
export function renderRun(run: Run, layout: Layout): string {
  const fields: (readonly [string, string])[] = [
    ['run', run.id],
    ['job', run.job],
    ['key', run.key],
    ['state', run.reason === null ? run.state : `${run.state}: ${run.reason}`],
    ['trigger', run.triggers > 1 ? `${run.trigger}, ${run.triggers} times` : run.trigger],
    ['schedule', run.schedule ?? ''],
    ['slot', run.slot === null ? '' : formatInstant(run.slot)],
    ['replay of', run.replayOf ?? ''],
    ['request', run.trace?.requestId ?? ''],
    ['trace', run.trace?.traceparent ?? ''],
    ['created', formatInstant(run.createdAt)],
    ['run at', formatInstant(run.runAt)],
    ['started', run.startedAt === null ? '' : formatInstant(run.startedAt)],
    ['finished', run.finishedAt === null ? '' : `${formatInstant(run.finishedAt)} (${formatElapsed(runMs(run))})`],
    ['priority', run.priority === 0 ? '' : String(run.priority)],
    ['failures', run.failures === 0 ? '' : String(run.failures)],
    ['crashes', run.crashes === 0 ? '' : String(run.crashes)],
    ['cancel', run.cancelRequested === null ? '' : `requested: ${run.cancelRequested}`],
    ['payload', formatValue(run.payload)],
    ['progress', formatValue(run.progress)],
    ['result', formatValue(run.result)],
    ['error', run.error === null ? '' : (run.error.stack ?? `${run.error.name}: ${run.error.message}`)],
  ]
  const details = renderFields(
    fields.filter(([, value]) => value !== ''),
    layout,
  )
  return run.attempts.length === 0 ? details : `${details}\n\n${renderTable(run.attempts, ATTEMPT_COLUMNS, layout)}`
}

/** Milliseconds between the start of the last attempt and the end; `null` unless both are known. */
export function runMs(run: Run): number | null {
  return run.startedAt === null || run.finishedAt === null ? null : run.finishedAt.getTime() - run.startedAt.getTime()
}

/** The states of which a command that waited says that the asked thing failed. */
export function isFailure(state: RunState): boolean {
  return state === 'dead' || state === 'cancelled'
}

const RUN_COLUMNS: readonly Column<Run>[] = [
  { title: 'RUN', value: (run) => run.id },
  { title: 'JOB', value: (run) => run.job, flex: true },
  { title: 'KEY', value: (run) => run.key, flex: true, optional: true },
  { title: 'STATE', value: (run) => run.state },
  { title: 'TRIGGER', value: (run) => run.trigger },
  { title: 'SLOT', value: (run) => (run.slot === null ? '' : formatInstant(run.slot)), optional: true },
  { title: 'CREATED', value: (run) => formatInstant(run.createdAt) },
  { title: 'TOOK', value: (run) => formatElapsed(runMs(run)), align: 'right' },
  { title: 'ATTEMPT', value: (run) => String(run.attempt), align: 'right' },
  { title: 'WHY', value: whyOf, flex: true, optional: true },
]

const ATTEMPT_COLUMNS: readonly Column<Run['attempts'][number]>[] = [
  { title: 'ATTEMPT', value: (attempt) => String(attempt.number), align: 'right' },
  { title: 'OUTCOME', value: (attempt) => attempt.outcome },
  { title: 'STARTED', value: (attempt) => formatInstant(attempt.startedAt) },
  { title: 'TOOK', value: (attempt) => formatElapsed(attempt.finishedAt.getTime() - attempt.startedAt.getTime()), align: 'right' },
  { title: 'OWNER', value: (attempt) => attempt.owner, flex: true },
  {
    title: 'ERROR',
    value: (attempt) => (attempt.error === null ? '' : `${attempt.error.name}: ${attempt.error.message}`),
    flex: true,
    optional: true,
  },
]

function whyOf(run: Run): string {
  if (run.error !== null) return `${run.error.name}: ${run.error.message}`
  return run.reason ?? (run.cancelRequested === null ? '' : `cancel requested: ${run.cancelRequested}`)
}
