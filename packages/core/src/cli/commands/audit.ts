/** `audit`: is every slot accounted for? */
import type { AuditReport, AuditViolation, ScheduleAudit } from '../../health/audit-report.ts'
import type { CliCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatCount, formatInstant } from '../format.ts'
import { warnUnknownJob } from '../known-job.ts'
import { wholeNumber } from '../parse-option.ts'
import { type Column, type Layout, renderTable } from '../table.ts'

interface AuditOptions {
  readonly job?: string
  readonly limit?: number
}

/** The command `audit`. */
export const auditCommand: CliCommand<AuditOptions> = {
  name: 'audit',
  summary: 'prove that every slot has exactly one record',
  details:
    'Slots newer than the horizon of pruning are enumerated anew (proven); of older ones the sums are checked (attested). Exit code 1 on a violation.',
  examples: ['audit', 'audit --job feedback-aggregate --json'],
  needsSharedStore: true,
  define: (command) =>
    command.option('--job <name>', 'schedules of one job').option('--limit <n>', 'most schedules to look at', wholeNumber(1)),
  run: async (context, _args, { job, limit }) => {
    const { scheduler, progress } = context
    progress.update('auditing …')
    const report = await scheduler.audit({ ...(job === undefined ? {} : { job }), ...(limit === undefined ? {} : { limit }) })
    if (report.schedules.length === 0) warnUnknownJob(context, job)
    return { exitCode: report.ok ? EXIT.ok : EXIT.failed, json: report, text: (layout) => renderAudit(report, layout) }
  },
}

function renderAudit(report: AuditReport, layout: Layout): string {
  const parts: string[] = []
  if (report.schedules.length > 0) parts.push(renderTable(report.schedules, SCHEDULE_COLUMNS, layout))
  if (report.violations.length > 0) parts.push(renderTable(report.violations, VIOLATION_COLUMNS, layout))
  const verdict = report.ok ? 'no violation' : formatCount(report.violations.length, 'violation')
  const scope = report.complete ? '' : '; stopped early by --limit'
  parts.push(`${formatCount(report.proven, 'slot')} proven, ${report.attested} attested: ${verdict}${scope}`)
  return parts.join('\n\n')
}

const SCHEDULE_COLUMNS: readonly Column<ScheduleAudit>[] = [
  { title: 'JOB', value: (one) => one.job, flex: true },
  { title: 'SCHEDULE', value: (one) => one.schedule, flex: true },
  { title: 'CURSOR', value: (one) => formatInstant(one.cursor) },
  { title: 'PROVEN', value: (one) => String(one.proven), align: 'right' },
  { title: 'ATTESTED', value: (one) => String(one.attested), align: 'right' },
  { title: 'RUNS', value: (one) => String(one.runs), align: 'right' },
  { title: 'SKIPPED', value: skipsOf, flex: true },
]

const VIOLATION_COLUMNS: readonly Column<AuditViolation>[] = [
  { title: 'VIOLATION', value: (one) => one.kind },
  { title: 'JOB', value: (one) => one.job ?? '', optional: true },
  { title: 'SCHEDULE', value: (one) => one.schedule ?? '', optional: true },
  { title: 'SLOT', value: (one) => (one.slot === null ? '' : formatInstant(one.slot)), optional: true },
  { title: 'DETAIL', value: (one) => one.detail, flex: true },
]

function skipsOf({ skipped }: ScheduleAudit): string {
  const counts = Object.entries(skipped).filter(([, count]) => count > 0)
  return counts.length === 0 ? '0' : counts.map(([reason, count]) => `${count} ${reason}`).join(', ')
}
