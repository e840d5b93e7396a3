/** The base slots of a spec: every slot within its bounds, whether excluded or not. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { findZone, localDay, MAX_INSTANT } from '../time/zone.ts'
import { nextCronSlot, previousCronSlot } from './next-cron-slot.ts'
import { parseCron } from './parse-cron.ts'
import type { EverySpec, ExcludeFunctions, ResolvedSpec } from './schedule.ts'

type ResolvedEvery = EverySpec & { readonly anchorAt: number }

/** Told of a calendar function that threw, or did not answer true or false; the slot counts as not excluded. */
export type OnExcludeError = (error: unknown, slot: number) => void

/** The earliest base slot > `after`; null when the schedule is exhausted. */
export function nextBaseSlot(spec: ResolvedSpec, after: number): number | null {
  const slot = nextUnbounded(spec, spec.startAt === undefined ? after : Math.max(after, spec.startAt - 1))
  return slot === null || (spec.endAt !== undefined && slot > spec.endAt) ? null : slot
}

/** The latest base slot < `before`, or null. */
export function previousBaseSlot(spec: ResolvedSpec, before: number): number | null {
  const slot = previousUnbounded(spec, spec.endAt === undefined ? before : Math.min(before, spec.endAt + 1))
  return slot === null || (spec.startAt !== undefined && slot < spec.startAt) ? null : slot
}

/**
 * How many base slots lie in `(fromExclusive, toInclusive]`. Intervals are counted in closed form; cron slots
 * one by one, and null is the answer when there are more than `maxSteps`.
 */
export function countBaseSlots(spec: ResolvedSpec, fromExclusive: number, toInclusive: number, maxSteps: number): number | null {
  const first = nextBaseSlot(spec, fromExclusive)
  if (first === null || first > toInclusive) return 0
  if (spec.kind === 'at') return 1
  if (spec.kind === 'every') return ((previousBaseSlot(spec, toInclusive + 1) as number) - first) / spec.everyMs + 1
  let count = 0
  for (let slot: number | null = first; slot !== null && slot <= toInclusive; slot = nextBaseSlot(spec, slot)) {
    count++
    if (count > maxSteps) return null
  }
  return count
}

/** True when the spec, or the functions, could leave any slot out. */
export function hasExclusions(spec: ResolvedSpec, functions: ExcludeFunctions): boolean {
  return functions.length > 0 || spec.excludeDays !== undefined || spec.excludeRanges !== undefined
}

/** True when a base slot is left out by its local day, by a range `[from, to)`, or by a calendar function. */
export function isExcluded(spec: ResolvedSpec, functions: ExcludeFunctions, slot: number, onError?: OnExcludeError): boolean {
  if (spec.excludeRanges?.some(([fromAt, toAt]) => slot >= fromAt && slot < toAt)) return true
  if (spec.excludeDays?.includes(localDay(findZone(spec.timeZone ?? 'UTC'), slot))) return true
  return functions.some((excludes) => asks(excludes, slot, onError))
}

function asks(excludes: (slot: Date) => unknown, slot: number, onError: OnExcludeError | undefined): boolean {
  try {
    const answer = excludes(new Date(slot))
    if (typeof answer === 'boolean') return answer
    // A promise is truthy: an async function would leave out everything.
    onError?.(new QuarterjackError('InvalidSchedule', 'exclude: a calendar function must answer true or false, at once.'), slot)
  } catch (error) {
    onError?.(error, slot)
  }
  return false
}

function nextUnbounded(spec: ResolvedSpec, after: number): number | null {
  switch (spec.kind) {
    case 'cron':
      return nextCronSlot(parseCron(spec.expression), findZone(spec.timeZone ?? 'UTC'), after)
    case 'every':
      return within(after + spec.everyMs - phase(spec, after))
    case 'at':
      return spec.at > after ? spec.at : null
  }
}

function previousUnbounded(spec: ResolvedSpec, before: number): number | null {
  switch (spec.kind) {
    case 'cron':
      return previousCronSlot(parseCron(spec.expression), findZone(spec.timeZone ?? 'UTC'), before)
    case 'every': {
      const past = phase(spec, before)
      return within(before - (past === 0 ? spec.everyMs : past))
    }
    case 'at':
      return spec.at < before ? spec.at : null
  }
}

/** How far `at` lies past a slot, in [0, everyMs). The remainder is exact, a quotient would not be. */
function phase(spec: ResolvedEvery, at: number): number {
  const rest = (at - spec.anchorAt) % spec.everyMs
  return rest < 0 ? rest + spec.everyMs : rest
}

function within(slot: number): number | null {
  return Math.abs(slot) <= MAX_INSTANT ? slot : null
}
