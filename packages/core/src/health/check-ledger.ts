/** The check of one schedule's ledger against its definitions: pure, in one pass by slot, in bounded memory. */
import { slotRunId } from '../random/ids.ts'
import type { ScheduleRecord, SkipRecord } from '../store/records.ts'
import type { LedgerPage } from '../store/schedules.ts'
import { countIn, countOver } from './count-in-steps.ts'
import { createLedgerTally, type LedgerVerdict } from './ledger-tally.ts'
import { isoOf } from '../time/roughly.ts'
import { createSlotReader, type Segment, type SlotArithmetic, segmentsOf } from './slot-reader.ts'
import { runSteps, type Steps } from './steps.ts'

/** Records of a ledger, or of a page of it. */
export type LedgerRows = Pick<LedgerPage, 'runs' | 'skips'>

/** See {@link startLedgerCheck}. */
export interface LedgerCheck {
  /** Takes the next records in; pages ascend by slot. */
  take(rows: LedgerRows): Steps<void>
  /** After the last page. */
  finish(): Steps<LedgerVerdict>
}

/** Missing slots of one gap that are named. */
const MOST_MISSING = 10

/** A schedule and all that is kept of it. */
export interface LedgerFacts extends LedgerRows {
  readonly record: ScheduleRecord
}

/** Checks a whole ledger at once. */
export function checkLedger(facts: LedgerFacts, arithmetic: SlotArithmetic): LedgerVerdict {
  const check = startLedgerCheck(facts.record, arithmetic)
  runSteps(check.take(facts))
  return runSteps(check.finish())
}

/**
 * Every slot in `(max(createdAt, horizon), cursor]` must have exactly one record: a run, or a range that covers it, of the
 * generation then in force. What lies before can only be added up: `slots = kept + folded`. A schedule whose
 * definition cannot be read is reported as quarantined, and only added up.
 */
export function startLedgerCheck(record: ScheduleRecord, arithmetic: SlotArithmetic): LedgerCheck {
  const tally = createLedgerTally(record)
  const segments = segmentsOf(record)
  const unreadable = record.quarantined ?? whyUnreadable(segments, record.cursor, arithmetic)
  const provenFrom = unreadable === null ? Math.max(record.createdAt, record.horizon ?? Number.NEGATIVE_INFINITY) : Number.POSITIVE_INFINITY
  const reader = createSlotReader(segments, provenFrom, arithmetic)
  let coveredTo = provenFrom
  let lastAttested = Number.NEGATIVE_INFINITY

  if (unreadable !== null) tally.report('quarantined', null, unreadable)
  if (record.horizon !== null && record.horizon > record.cursor) {
    tally.report('slotAfterCursor', record.horizon, 'pruning touched a slot after the cursor')
  }
  if (record.nextSlot !== null && record.nextSlot <= record.cursor) {
    tally.report('doubledSlot', record.nextSlot, 'the next slot is not after the cursor: it would fire again')
  }

  function* missingTo(to: number): Steps<void> {
    for (let named = 0; ; ) {
      const slot = reader.peek()
      if (slot === null || slot > to) return
      const leftOutTo = leftOut(slot, to)
      if (leftOutTo !== null) {
        reader.passTo(leftOutTo)
        yield
      } else if (named < MOST_MISSING) {
        tally.report('missingSlot', slot, 'the slot has neither a run nor a skip')
        reader.passTo(slot)
        named += 1
      } else {
        const more = yield* countOver(segments, slot - 1, to, arithmetic)
        tally.report('missingSlot', slot, `${more} more slots up to ${isoOf(to)} have neither a run nor a skip`)
        return reader.passTo(to)
      }
    }
  }

  /**
   * A schedule that changes while its excluded slots have not been passed by yet never records these. Answers up to where
   * that explains why `slot` has no record; null when it does not.
   */
  function leftOut(slot: number, to: number): number | null {
    const segment = segments.find((one) => slot > one.from && slot <= one.to)
    if (segment === undefined || segment === segments.at(-1)) return null
    if (segment.leftOut === null) return arithmetic.isExcluded(segment.spec, slot) ? slot : null
    const { after, before } = segment.leftOut
    return slot > after && slot < before ? Math.min(before - 1, segment.to, to) : null
  }

  function* takeRun(run: LedgerRows['runs'][number]): Steps<void> {
    const { slot } = run
    if (isOfOtherIncarnation(run, record)) return
    tally.addRun(run)
    if (slot <= provenFrom) {
      if (slot === lastAttested) tally.report('doubledSlot', slot, `run ${run.id} is the second record of this slot`)
      lastAttested = slot
      return tally.addAttested(1)
    }
    if (slot > record.cursor) return tally.report('slotAfterCursor', slot, `run ${run.id} is ahead of the cursor`)
    yield* missingTo(slot - 1)
    if (slot <= coveredTo) {
      const kind = isSlot(slot) ? 'doubledSlot' : 'foreignSlot'
      return tally.report(kind, slot, `run ${run.id} stands where another record already covers the time`)
    }
    coveredTo = slot
    if (reader.peek() === slot) tally.addProven(1)
    else tally.report('foreignSlot', slot, `run ${run.id} stands where the schedule has no slot`)
    reader.passTo(slot)
  }

  function* takeSkip(range: SkipRecord): Steps<void> {
    const segment = segments.find(({ generation }) => generation === range.specGeneration)
    const count = segment === undefined || unreadable !== null ? null : yield* countIn(segment.spec, range.from - 1, range.to, arithmetic)
    tally.addSkip(range, count)
    const what = `the range ${range.id} (${range.reason})`
    if (count !== null && range.count !== null && range.count !== count) {
      tally.report('countMismatch', range.from, `${what} says ${range.count} slots, but ${count} lie in it`)
    }
    if (range.to <= provenFrom) return tally.addAttested(range.count ?? count ?? 0)
    if (range.to > record.cursor) tally.report('slotAfterCursor', range.to, `${what} reaches beyond the cursor`)
    if (segment === undefined) {
      return tally.report('foreignSlot', range.from, `${what} names generation ${range.specGeneration}, of which no definition is kept`)
    }
    yield* missingTo(range.from - 1)
    yield* coverRange(range, segment, Number(count), what)
  }

  /** `count` is that of the whole range; only what lies after `provenFrom` and up to the cursor is proven. */
  function* coverRange(range: SkipRecord, segment: Segment, count: number, what: string): Steps<void> {
    const from = Math.max(range.from - 1, provenFrom)
    const to = Math.min(range.to, record.cursor)
    const whole = from === range.from - 1 && to === range.to
    const inside = whole ? count : yield* countIn(segment.spec, from, to, arithmetic)
    const wasInForce = from >= segment.from && to <= segment.to
    const inForce = wasInForce ? inside : yield* countIn(segment.spec, Math.max(from, segment.from), Math.min(to, segment.to), arithmetic)
    if (count === 0) tally.report('foreignSlot', range.from, `${what} covers no slot`)
    if (inside !== inForce)
      tally.report('foreignSlot', range.from, `${what} covers slots of generation ${segment.generation} when it was not in force`)
    const doubled = yield* countIn(segment.spec, from, Math.min(to, coveredTo), arithmetic)
    if (doubled > 0) tally.report('doubledSlot', range.from, `${what} covers ${doubled} slots that already have a record`)
    tally.addProven(Math.max(0, inForce - doubled))
    if (range.from - 1 < provenFrom) tally.addAttested(count - inside)
    reader.passTo(to)
    coveredTo = Math.max(coveredTo, to)
  }

  const isSlot = (slot: number): boolean =>
    segments.some(({ spec, from, to }) => slot > from && slot <= to && arithmetic.slotsOf(spec, slot - 1, slot, 1).length > 0)

  return {
    *take(rows) {
      let steps = 0
      for (const row of bySlot(rows)) {
        yield* 'slot' in row ? takeRun(row) : takeSkip(row)
        steps += 1
        if (steps % 1_000 === 0) yield
      }
    },
    *finish() {
      if (unreadable === null) yield* missingTo(record.cursor)
      return tally.verdict()
    },
  }
}

/**
 * A schedule that was removed and set again is another one; the runs of the former one stay, under its name. Their ids are
 * derived from the slot and an incarnation that is not this one's.
 */
function isOfOtherIncarnation(run: LedgerRows['runs'][number], record: ScheduleRecord): boolean {
  return run.id !== slotRunId(record.incarnation, run.slot) && run.id === slotRunId(run.id, run.slot)
}

function whyUnreadable(segments: readonly Segment[], cursor: number, { slotsOf }: SlotArithmetic): string | null {
  for (const { spec, generation } of segments) {
    try {
      slotsOf(spec, cursor - 1, cursor, 1)
    } catch (error) {
      return `the stored definition of generation ${generation} cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }
  return null
}

function* bySlot({ runs, skips }: LedgerRows): Generator<LedgerRows['runs'][number] | SkipRecord> {
  const waiting = skips.toSorted((a, b) => a.from - b.from || a.to - b.to)
  let next = 0
  for (const run of runs.toSorted((a, b) => a.slot - b.slot)) {
    for (; next < waiting.length && Number(waiting[next]?.from) < run.slot; next += 1) yield waiting[next] as SkipRecord
    yield run
  }
  yield* waiting.slice(next)
}
