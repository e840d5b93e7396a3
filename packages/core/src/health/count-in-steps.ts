/** Counts slots in portions, so that a year of seconds does not block the event loop. */
import type { Segment, SlotArithmetic } from './slot-reader.ts'
import type { Steps } from './steps.ts'

/** Some ten milliseconds of arithmetic. */
const PORTION_SLOTS = 10_000

/** How many slots of `spec` lie in `(after, to]`. */
export function* countIn(spec: string, after: number, to: number, arithmetic: SlotArithmetic): Steps<number> {
  if (after >= to) return 0
  const atOnce = arithmetic.countSlots(spec, after, to, PORTION_SLOTS)
  if (atOnce !== null) return atOnce
  let count = 0
  for (let from = after; ; ) {
    const slots = arithmetic.slotsOf(spec, from, to, PORTION_SLOTS)
    count += slots.length
    if (slots.length < PORTION_SLOTS) return count
    from = Number(slots.at(-1))
    yield
  }
}

/** The same over the specs that were in force one after another. */
export function* countOver(segments: readonly Segment[], after: number, to: number, arithmetic: SlotArithmetic): Steps<number> {
  let count = 0
  for (const { spec, from, to: end } of segments) count += yield* countIn(spec, Math.max(after, from), Math.min(to, end), arithmetic)
  return count
}
