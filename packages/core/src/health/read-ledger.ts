/** Reads one schedule's ledger from a store in use, page by page, as one consistent whole. */
import type { ScheduleRecord } from '../store/records.ts'
import type { LedgerPage, ScheduleRef } from '../store/schedules.ts'
import type { Store } from '../store/store.ts'
import { type LedgerRows, startLedgerCheck } from './check-ledger.ts'
import type { LedgerVerdict } from './ledger-tally.ts'
import type { SlotArithmetic } from './slot-reader.ts'
import { driveSteps } from './steps.ts'

/** Records asked for at once. */
export const LEDGER_PAGE = 1_000

/** How to check while reading. */
export interface LedgerReading {
  readonly arithmetic: SlotArithmetic
  readonly pause: () => Promise<void>
}

/**
 * The verdict over one reading; `gone` when the schedule is no more; `moved` when it was pruned, changed or set anew
 * between two pages, so that what was read does not belong together. Slots fired meanwhile lie after the cursor of the
 * first page and are left to the next audit.
 */
export async function readLedger(
  store: Store,
  ref: ScheduleRef,
  { arithmetic, pause }: LedgerReading,
): Promise<LedgerVerdict | 'gone' | 'moved'> {
  const { job, name } = ref
  let page = await store.schedules.ledger({ job, name, after: null, limit: LEDGER_PAGE })
  const first = page.schedule
  if (first === null) return 'gone'
  const check = startLedgerCheck(first, arithmetic)
  const seen = new Set<string>()
  for (let after = Number.NEGATIVE_INFINITY; ; ) {
    const cut = page.more ? safeEnd(page) : Number.POSITIVE_INFINITY
    if (cut <= after) return 'moved' // the store gives the same page again: never turn in a circle
    after = cut
    await driveSteps(check.take(rowsToCheck(page, first, cut, seen)), pause)
    if (!page.more) return await driveSteps(check.finish(), pause)
    page = await store.schedules.ledger({ job, name, after: cut, limit: LEDGER_PAGE })
    if (page.schedule === null || !belongsTo(page.schedule, first)) return 'moved'
  }
}

/**
 * Up to where the page tells all. A store may cut runs and skips together or each by itself: if each, the kind that
 * is full ends the page, and the rest of the other comes again.
 */
function safeEnd({ runs, skips }: LedgerPage): number {
  const ends = [runs.at(-1)?.slot ?? Number.NEGATIVE_INFINITY, skips.at(-1)?.to ?? Number.NEGATIVE_INFINITY] as const
  if (runs.length >= LEDGER_PAGE && skips.length >= LEDGER_PAGE) return Math.min(...ends)
  if (runs.length >= LEDGER_PAGE) return ends[0]
  return skips.length >= LEDGER_PAGE ? ends[1] : Math.max(...ends)
}

/** Leaves out what comes again with the next page, what came before, and what was fired since the first page. */
function rowsToCheck(page: LedgerPage, first: ScheduleRecord, cut: number, seen: Set<string>): LedgerRows {
  const cursor = page.schedule?.cursor ?? first.cursor
  const firedSince = (slot: number): boolean => slot > first.cursor && slot <= cursor
  const skips = page.skips.filter(({ id, from, to }) => from <= cut && !firedSince(to) && !seen.has(id))
  for (const { id, to } of skips) if (to > cut) seen.add(id)
  return { runs: page.runs.filter(({ slot }) => slot <= cut && !firedSince(slot)), skips }
}

function belongsTo(record: ScheduleRecord, first: ScheduleRecord): boolean {
  return (
    record.incarnation === first.incarnation &&
    record.generation === first.generation &&
    record.horizon === first.horizon &&
    JSON.stringify(Object.entries(record.folded).sort()) === JSON.stringify(Object.entries(first.folded).sort())
  )
}
