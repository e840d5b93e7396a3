/** How the demo shows what the scheduler knows. Pure: facts → text. */
import type { AuditReport, HealthSnapshot, Run } from '@quarterjack/core'

/** One line for each run, oldest first. */
export function formatRuns(runs: readonly Run[]): string {
  const rows = runs.map((run) => [
    run.slot === null ? '-' : formatTime(run.slot),
    run.trigger,
    run.state,
    String(run.attempt),
    run.slot === null || run.startedAt === null ? '-' : `${run.startedAt.getTime() - run.slot.getTime()} ms`,
    describe(run),
  ])
  return formatTable([['slot', 'trigger', 'state', 'attempts', 'last start after slot', 'what happened'], ...rows])
}

/** The snapshot in a few lines. */
export function formatHealth(snapshot: HealthSnapshot): string {
  const { store } = snapshot
  const lines = snapshot.jobs.map(({ job, status, why, successRate, latenessMs, durationMs, nextSlot, consecutiveFailures }) =>
    [
      `${job}: ${[status, ...why].join(', ')}`,
      `success rate of attempts ${successRate === null ? 'unknown' : `${Math.round(successRate * 100)} %`}`,
      `failures in a row ${consecutiveFailures}`,
      `lateness p50 ${formatMs(latenessMs.p50)}, p99 ${formatMs(latenessMs.p99)}`,
      `duration p50 ${formatMs(durationMs.p50)}`,
      `next slot ${nextSlot === null ? 'none' : formatTime(new Date(nextSlot))}`,
    ].join('; '),
  )
  return [
    `scheduler: ${[snapshot.status, ...snapshot.why].join(', ')}; store "${store.name}" ${store.reachable ? 'reachable' : 'not reachable'}`,
    ...lines,
  ].join('\n')
}

/** The audit: what was proven, and every violation. */
export function formatAudit(audit: AuditReport): string {
  const lines = audit.schedules.map(({ job, schedule, proven, runs, skipped }) => {
    const skips = Object.entries(skipped).map(([reason, count]) => `${count} skipped (${reason})`)
    return `${job} ${schedule}: ${proven} slots accounted for: ${[`${runs} runs`, ...skips].join(', ')}`
  })
  const violations = audit.violations.map(({ kind, job, slot, detail }) => `VIOLATION ${kind} ${job ?? ''} ${slot ?? ''}: ${detail}`)
  return [
    `${audit.ok ? 'ok' : 'NOT OK'}: ${audit.proven} slots proven, ${audit.violations.length} violations`,
    ...lines,
    ...violations,
  ].join('\n')
}

/** `14:00:01.800`, UTC. */
export function formatTime(at: Date): string {
  return at.toISOString().slice(11, 23)
}

/** Columns as wide as their widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function describe(run: Run): string {
  if (run.state === 'skipped') return run.reason ?? ''
  const failed = run.attempts
    .filter(({ outcome }) => outcome !== 'succeeded')
    .map(({ number, error }) => `attempt ${number}: ${error?.message ?? 'failed'}`)
  const { modelVersion, newEvents, changed } = (run.result ?? {}) as { modelVersion?: number; newEvents?: number; changed?: number }
  const learnt = modelVersion === undefined ? [] : [`model ${modelVersion}: ${newEvents} new events, ${changed} weights changed`]
  return [...failed, ...learnt].join('; then ')
}

function formatMs(value: number | null): string {
  return value === null ? 'unknown' : `${Math.round(value)} ms`
}
