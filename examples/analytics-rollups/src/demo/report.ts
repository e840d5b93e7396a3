/** How the demo shows what it saw. Pure. */
import type { AuditReport, HealthSnapshot, Run } from '@quarterjack/core'
import type { Total } from './recompute.ts'

export interface Check {
  readonly claim: string
  readonly ok: boolean
}

/** Runs of each job: how many, by what, with which end. */
export function formatRuns(runs: readonly Run[]): string {
  const groups = Map.groupBy(runs, ({ job, trigger, state }) => [job, trigger, state].join('\t'))
  const rows = [...groups]
    .toSorted()
    .map(([key, group]) => [...key.split('\t'), String(group.length), String(group.reduce((sum, run) => sum + windowsOf(run), 0))])
  return formatTable([['job', 'asked for by', 'ended as', 'runs', 'windows'], ...rows])
}

function windowsOf({ result }: Run): number {
  return (result as { refreshed?: number } | null)?.refreshed ?? 0
}

export function formatTotals(totals: readonly Total[]): string {
  const rows = totals.map(({ table, what, rolledUp, raw }) => [table, what, rolledUp, raw, rolledUp === raw ? 'equal' : 'DIFFERENT'])
  return formatTable([['table', 'total of', 'rolled up', 'recomputed', ''], ...rows])
}

export function formatHealth({ status, why, rollups }: HealthSnapshot): string {
  const rows = rollups.map(({ rollup, freshness, watermark, dirtyMs, failed, sealed }) => [
    ...[rollup, freshness ?? 'unknown', watermark?.slice(0, 16) ?? '-', `${Math.round(dirtyMs)} ms`, String(failed), String(sealed)],
  ])
  return [
    [status, ...why].join(', '),
    formatTable([['rollup', 'freshness', 'complete up to', 'changes wait', 'failed', 'too late'], ...rows]),
  ].join('\n')
}

export function formatAudit({ ok, proven, violations }: AuditReport): string {
  return `${ok ? 'ok' : 'NOT OK'}: ${proven} slots proven, ${violations.length} violations`
}

/** Columns as wide as their widest cell. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}
