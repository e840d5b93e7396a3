/** A health snapshot as a verdict and as a page. */
import type { HealthSnapshot, JobHealth } from '../health/snapshot.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { formatElapsed, formatInstant } from './format.ts'
import { type Column, type Layout, renderFields, renderTable } from './table.ts'

/**
 * The exit code of a snapshot. `degraded` and `suspended` count as healthy: a container must not be
 * restarted for them.
 */
export function healthExitCode(snapshot: HealthSnapshot): ExitCode {
  if (!snapshot.store.reachable) return EXIT.unreachable
  return snapshot.status === 'unhealthy' || snapshot.status === 'stopped' ? EXIT.failed : EXIT.ok
}

/** Status and reasons, the store, and a table of the jobs. */
export function renderHealth(snapshot: HealthSnapshot, layout: Layout): string {
  const { store } = snapshot
  const offset = store.clockOffsetMs === null ? '' : `, clock offset ${formatElapsed(store.clockOffsetMs)}`
  const reached = store.reachable
    ? `reachable, p50 ${formatElapsed(store.latencyMs.p50)}${offset}`
    : `unreachable${store.failingForMs === 0 ? '' : ` for ${formatElapsed(store.failingForMs)}`}: ${store.error ?? 'no answer'}`
  const fields: (readonly [string, string])[] = [
    ['status', snapshot.status],
    ['why', snapshot.why.join('\n')],
    ['at', formatInstant(snapshot.at)],
    ['store', `${store.name} ${reached}`],
    ['running', `${snapshot.running} of ${snapshot.concurrency}`],
    ['stuck', snapshot.stuck.join('\n')],
    ['processes', snapshot.owners === null ? '' : String(snapshot.owners)],
  ]
  const head = renderFields(
    fields.filter(([, value]) => value !== ''),
    layout,
  )
  return snapshot.jobs.length === 0 ? head : `${head}\n\n${renderTable(snapshot.jobs, JOB_COLUMNS, layout)}`
}

const JOB_COLUMNS: readonly Column<JobHealth>[] = [
  { title: 'JOB', value: (job) => job.job, flex: true },
  { title: 'STATUS', value: (job) => job.status },
  { title: 'RUNNING', value: (job) => String(job.running), align: 'right' },
  { title: 'PENDING', value: (job) => String(job.pending + job.waiting), align: 'right' },
  { title: 'FAILURES', value: (job) => String(job.consecutiveFailures), align: 'right' },
  { title: 'LAST SUCCESS', value: (job) => formatInstant(job.lastSuccess?.at ?? null) },
  { title: 'NEXT SLOT', value: (job) => formatInstant(job.nextSlot) },
  { title: 'OVERDUE', value: (job) => (job.overdueMs > 0 ? formatElapsed(job.overdueMs) : ''), align: 'right', optional: true },
  { title: 'WHY', value: (job) => job.why.join('; '), flex: true, optional: true },
]
