/** What the check of one schedule's ledger adds up, and what it finds. */
import type { ScheduleRecord, SkipRecord } from '../store/records.ts'
import type { LedgerPage } from '../store/schedules.ts'
import type { AuditViolation, ScheduleAudit } from './audit-report.ts'
import { isoOf } from '../time/roughly.ts'

/** The verdict over one schedule. */
export interface LedgerVerdict {
  readonly audit: ScheduleAudit
  readonly violations: readonly AuditViolation[]
  /** Counts of ranges that had none, to be filled in. */
  readonly counts: readonly { readonly id: string; readonly count: number }[]
}

/** Violations of one schedule that are named; the rest is counted. */
export const MOST_VIOLATIONS = 50

type RunRow = LedgerPage['runs'][number]

/** See {@link createLedgerTally}. */
export interface LedgerTally {
  report(kind: AuditViolation['kind'], slot: number | null, detail: string): void
  addRun(run: RunRow): void
  /** `count` as it was found by enumeration; null when the range's spec is not known any more. */
  addSkip(range: SkipRecord, count: number | null): void
  addProven(slots: number): void
  addAttested(slots: number): void
  verdict(): LedgerVerdict
}

/** Starts with what pruning folded. */
export function createLedgerTally(record: ScheduleRecord): LedgerTally {
  const violations: AuditViolation[] = []
  const counts: { readonly id: string; readonly count: number }[] = []
  const skipped: Record<string, number> = {}
  const folded = Object.entries(record.folded).map(([outcome, count]): [string, number] => [outcome, count ?? 0])
  let unnamed = 0
  let runs = 0
  let retained = 0
  let proven = 0
  let attested = 0

  const addSkipped = (reason: string, count: number): void => {
    skipped[reason] = (skipped[reason] ?? 0) + count
  }
  for (const [outcome, count] of folded) {
    attested += count
    if (outcome.startsWith('skipped:')) addSkipped(outcome.slice('skipped:'.length), count)
    else runs += count
  }

  const report: LedgerTally['report'] = (kind, slot, detail) => {
    if (violations.length >= MOST_VIOLATIONS) unnamed += 1
    else violations.push({ kind, job: record.job, schedule: record.name, slot: slot === null ? null : isoOf(slot), detail })
  }

  return {
    report,
    addRun(run) {
      retained += 1
      if (run.state === 'skipped') addSkipped(REASONS.has(run.reason ?? '') ? String(run.reason) : 'handler', 1)
      else runs += 1
    },
    addSkip(range, count) {
      retained += range.count ?? 0
      addSkipped(range.reason, range.count ?? count ?? 0)
      if (range.count === null && count !== null) counts.push({ id: range.id, count })
    },
    addProven(slots) {
      proven += slots
    },
    addAttested(slots) {
      attested += slots
    },
    verdict() {
      const sum = retained + folded.reduce((total, [, count]) => total + count, 0)
      if (sum !== record.slots) {
        report(
          'countMismatch',
          null,
          `${record.slots} slots were accounted for, but ${retained} are kept and ${sum - retained} were folded by pruning`,
        )
      }
      if (unnamed > 0) {
        const more = { kind: violations[0]?.kind ?? 'countMismatch', job: record.job, schedule: record.name, slot: null }
        violations.push({ ...more, detail: `and ${unnamed} more violations of this schedule` })
      }
      const audit = { job: record.job, schedule: record.name, cursor: isoOf(record.cursor), proven, attested, runs, skipped }
      return { audit, violations, counts }
    },
  }
}

/** A run that its handler skipped carries the handler's own words. */
const REASONS: ReadonlySet<string> = new Set(['overlap', 'misfire', 'suspended', 'superseded', 'limit', 'excluded', 'handler', 'lost'])
