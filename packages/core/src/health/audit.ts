/** The audit of engine rule 2: walks every schedule's ledger, checks it, and fills in counts that were left open. */
import type { ScheduleRecord } from '../store/records.ts'
import type { ScheduleRef } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import type { AuditReport, AuditViolation, ScheduleAudit } from './audit-report.ts'
import { checkGates, isGateOf } from './check-gates.ts'
import type { LedgerVerdict } from './ledger-tally.ts'
import { readLedger } from './read-ledger.ts'
import { isoOf } from '../time/roughly.ts'
import type { SlotArithmetic } from './slot-reader.ts'
import { specArithmetic } from './spec-arithmetic.ts'

/** Options of {@link auditSchedules}. */
export interface AuditOptions {
  /** Only the schedules and gates of these jobs. Default: everything in the store. */
  readonly jobs?: readonly string[] | undefined
  /** Most schedules to look at. Default {@link AUDIT_LIMIT}. */
  readonly limit?: number | undefined
  /** Default: the engine's own. */
  readonly arithmetic?: SlotArithmetic | undefined
  /** Awaited between portions of long counting, so that the event loop can turn. Default: it does not. */
  readonly pause?: (() => Promise<void>) | undefined
}

/** Schedules that one audit looks at unless it is told otherwise. */
export const AUDIT_LIMIT = 10_000

const LIST_PAGE = 200
const AT_ONCE = 8
const TRIES = 3
const MOST_VIOLATIONS = 1_000

/**
 * Checks the ledgers, the gates and the quarantine of a store that may be in use meanwhile: what looks wrong is looked at
 * once more before it is reported. Writes nothing but the missing counts of skipped ranges. `complete` is false when
 * `limit` or 1,000 violations ended it early, or when a schedule changed under each of three attempts to read it.
 */
export async function auditSchedules(store: Store, options: AuditOptions = {}): Promise<AuditReport> {
  const at = isoOf(await store.now())
  const schedules: ScheduleAudit[] = []
  const violations: AuditViolation[] = []
  let complete = true
  let left = options.limit ?? AUDIT_LIMIT

  for await (const records of batches(store, options.jobs)) {
    const batch = records.slice(0, left)
    left -= batch.length
    for (const result of await Promise.all(batch.map((record) => auditOne(store, record, options)))) {
      if (result === 'moved') complete = false
      if (typeof result === 'string') continue
      schedules.push(result.audit)
      violations.push(...result.violations)
    }
    if (batch.length < records.length || violations.length >= MOST_VIOLATIONS) {
      complete = false
      break
    }
  }
  violations.push(...(await auditGates(store, options.jobs)))
  return {
    at,
    ok: violations.length === 0,
    schedules,
    violations,
    proven: schedules.reduce((sum, { proven }) => sum + proven, 0),
    attested: schedules.reduce((sum, { attested }) => sum + attested, 0),
    complete,
  }
}

async function* batches(store: Store, jobs: readonly string[] | undefined): AsyncGenerator<readonly ScheduleRecord[]> {
  for (const job of jobs ?? [undefined]) {
    let after: ScheduleRef | undefined
    for (;;) {
      const { schedules } = await store.schedules.list({ job, after, limit: LIST_PAGE })
      for (let start = 0; start < schedules.length; start += AT_ONCE) yield schedules.slice(start, start + AT_ONCE)
      const last = schedules.at(-1)
      if (last === undefined || schedules.length < LIST_PAGE) break
      after = { job: last.job, name: last.name }
    }
  }
}

/** A page read while the schedule fired can look wrong once; what looks wrong twice is. */
async function auditOne(store: Store, { job, name }: ScheduleRecord, options: AuditOptions): Promise<LedgerVerdict | 'gone' | 'moved'> {
  const reading = { arithmetic: options.arithmetic ?? specArithmetic, pause: options.pause ?? (async () => {}) }
  let verdict: LedgerVerdict | 'gone' | 'moved' = 'moved'
  let suspicions = 0
  for (let tries = 0; tries < TRIES && suspicions < 2; tries += 1) {
    verdict = await readLedger(store, { job, name }, reading)
    if (verdict === 'gone') return 'gone'
    if (verdict === 'moved') continue
    if (verdict.violations.length === 0) break
    suspicions += 1
  }
  if (verdict !== 'moved' && verdict.counts.length > 0) await store.schedules.countSkips({ job, name, counts: verdict.counts })
  return verdict
}

async function auditGates(store: Store, jobs: readonly string[] | undefined): Promise<readonly AuditViolation[]> {
  const ours = (gate: string): boolean => jobs === undefined || jobs.some((job) => isGateOf(job, gate))
  const { gates } = await store.runs.gates({})
  const suspicious = gates.filter((gate) => ours(gate.gate) && checkGates([gate]).length > 0)
  if (suspicious.length === 0) return []
  const again = await store.runs.gates({ names: suspicious.map(({ gate }) => gate) })
  return checkGates(again.gates)
}
