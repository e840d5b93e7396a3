/** The slots that will fire, which are the base slots that are not excluded. Preview and firing both ask here. */
import { checkCount, checkNames } from '../errors/check-call.ts'
import { type Instant, toInstant } from '../time/instant.ts'
import { requireSchedule } from './require-schedule.ts'
import { bindSchedule, resolveSpec } from './resolve-spec.ts'
import type { ExcludeFunctions, ResolvedSpec, Schedule } from './schedule.ts'
import { isExcluded, nextBaseSlot, type OnExcludeError } from './slots.ts'

/** Excluded slots in a row that one search looks at. */
export const MAX_EXCLUDED_IN_A_ROW = 1_000
const MAX_COUNT = 10_000
const MAX_STEPS = 100_000

/**
 * The next slots of a schedule that will fire, strictly after `from`, oldest first: fewer than `count` (default 10, at
 * most 10,000) when the schedule ends, or leaves out all but some of 100,000 slots. Pure: nothing is registered.
 * A registration anchor is taken to be `from`; `job` names the job that resolves an `H`.
 *
 * @example
 * nextSlots(cron('0 9 * * MON', { timeZone: 'Asia/Tokyo' }), { from: '2026-01-01T00:00:00Z', count: 3 })
 */
export function nextSlots(schedule: Schedule, options: { readonly from: Instant; readonly count?: number; readonly job?: string }): Date[] {
  requireSchedule(schedule, 'nextSlots: schedule')
  checkNames(options, ['from', 'count', 'job'], 'nextSlots')
  const { from, count = 10, job } = options
  checkCount(count, 'count', { least: 0, most: MAX_COUNT })
  const after = toInstant(from, 'from')
  const bound = job === undefined ? schedule : bindSchedule(schedule, job)
  return nextSpecSlots(resolveSpec(bound.spec, after), bound.excludes, { after, count }).map((slot) => new Date(slot))
}

/** {@link nextSlots} over a stored spec, in epoch ms. */
export function nextSpecSlots(
  spec: ResolvedSpec,
  functions: ExcludeFunctions,
  range: { readonly after: number; readonly count: number },
): number[] {
  const slots: number[] = []
  let slot = range.count === 0 ? null : nextBaseSlot(spec, range.after)
  for (let step = 0; slot !== null && slots.length < range.count && step < MAX_STEPS; step++) {
    if (!isExcluded(spec, functions, slot)) slots.push(slot)
    slot = nextBaseSlot(spec, slot)
  }
  return slots
}

/**
 * The next base slot > `after` that is not excluded, or null when there is none. After 1,000 excluded slots in a row
 * the answer is the next one even so: the engine wakes for it, accounts for the stretch, and looks on from there.
 */
export function nextFiringSlot(spec: ResolvedSpec, functions: ExcludeFunctions, after: number, onError?: OnExcludeError): number | null {
  let slot = nextBaseSlot(spec, after)
  for (let step = 0; slot !== null && step < MAX_EXCLUDED_IN_A_ROW && isExcluded(spec, functions, slot, onError); step++) {
    slot = nextBaseSlot(spec, slot)
  }
  return slot
}
