/** What a backfill is asked for, checked, and the range that it means. Pure. */
import { checkCount, requireNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { parseDay } from '../schedule/calendar-month.ts'
import type { BackfillSelect } from '../store/window-records.ts'
import { type Duration, formatDuration, parseDuration } from '../time/duration.ts'
import { type Instant, toInstant } from '../time/instant.ts'
import { fromLocal } from '../time/zone.ts'
import { dueEdge, floorEdge } from './due.ts'
import { DAY_MS } from './grain.ts'
import type { Plannable } from './stored-rollup.ts'

/** Options of a backfill. A bare day is a day of the rollup's zone; bounds are rounded outward to whole windows. */
export interface BackfillOptions {
  readonly from?: Instant | undefined
  /** Exclusive. Default: up to what is due. */
  readonly to?: Instant | undefined
  /** The last so long, instead of `from`. */
  readonly last?: Duration | undefined
  /** One day (`'2026-03-29'`), instead of `from` and `to`. */
  readonly date?: string | undefined
  /** Windows that were never refreshed, were given up, are dirty, or all of them. Default `'all'`; others need no range. */
  readonly select?: BackfillSelect | undefined
  /** Default `'newest'`. */
  readonly order?: 'newest' | 'oldest' | undefined
  /** Runs that work on it at a time. Default 1. */
  readonly concurrency?: number | undefined
}

/** Options read: `from` and `to` are edges, epoch ms. */
export interface ResolvedBackfill {
  readonly from: number
  readonly to: number
  readonly select: BackfillSelect
  readonly order: 'newest' | 'oldest'
  readonly concurrency: number
}

/** Names of {@link BackfillOptions}. */
export const BACKFILL_NAMES: readonly string[] = ['from', 'to', 'last', 'date', 'select', 'order', 'concurrency']
export const BACKFILL_SELECTS: readonly BackfillSelect[] = ['missing', 'failed', 'dirty', 'all']
export const BACKFILL_ORDERS = ['newest', 'oldest'] as const

const MOST_CONCURRENCY = 64

/** The rollup that a backfill is of. */
export type BackfillTarget = Plannable & { readonly name: string }

/** Throws `InvalidOption`, `InvalidInstant`, `InvalidDuration`, or `BackfillOutOfRange`, each with the remedy. `now` is the store's. */
export function resolveBackfill(target: BackfillTarget, options: BackfillOptions, now: number): ResolvedBackfill {
  const what = `backfill of rollup "${target.name}"`
  requireNames(options, BACKFILL_NAMES, what)
  const select = oneOf(options.select ?? 'all', BACKFILL_SELECTS, `${what}: select`)
  const order = oneOf(options.order ?? 'newest', BACKFILL_ORDERS, `${what}: order`)
  const concurrency = checkCount(options.concurrency ?? 1, `${what}: concurrency`, { least: 1, most: MOST_CONCURRENCY })
  return { ...rangeOf(target, options, { what, select, now }), select, order, concurrency }
}

interface Asking {
  readonly what: string
  readonly select: BackfillSelect
  readonly now: number
}

function rangeOf(target: BackfillTarget, options: BackfillOptions, { what, select, now }: Asking): { from: number; to: number } {
  checkTogether(options, { what, select, now })
  const { windows } = target
  const floor = floorEdge(target, now)
  // With `live`, the open window counts.
  const end = target.planning.isLive ? windows.windowOf(now).end : dueEdge(target, now)
  const asked = askedRange(target, options, { what, floor, end, now })
  if (asked.from > now)
    throw outOfRange(`${what}: from: ${iso(asked.from)} lies in the future. The last instant that is possible is ${iso(end - 1)}.`)
  if (asked.from >= asked.to) throw invalid(`${what}: from (${iso(asked.from)}) is not before to (${iso(asked.to)}). Swap them.`)
  const from = windows.windowOf(asked.from).start
  const to = windows.isEdge(asked.to) ? asked.to : windows.windowOf(asked.to).end
  checkFrom(target, from, { what, floor, now })
  if (to > windows.windowOf(now).end) {
    throw outOfRange(
      `${what}: to: ${iso(asked.to)} lies in the future: those windows are refreshed when they fall due. Leave "to" out, or give ${iso(end)} at most.`,
    )
  }
  if (from >= end) {
    throw outOfRange(
      `${what}: the window from ${iso(from)} to ${iso(windows.windowOf(from).end)} is not due yet; it is refreshed ${formatDuration(target.planning.graceMs)} after its end. Ask for what ended by ${iso(end)}, or define the rollup with live: true.`,
    )
  }
  return { from, to: Math.min(to, end) }
}

function checkTogether({ from, to, last, date }: BackfillOptions, { what, select }: Asking): void {
  if (date !== undefined && (from !== undefined || to !== undefined || last !== undefined)) {
    throw invalid(`${what}: date was given together with from, to or last. Give date alone, or a range.`)
  }
  if (last !== undefined && from !== undefined) throw invalid(`${what}: last and from were both given. Give one of them.`)
  if (from !== undefined || last !== undefined || date !== undefined || select !== 'all') return
  throw invalid(`${what}: say which windows: last: "30d", from and to, date: "2026-03-29", or select: "missing".`)
}

interface Bounds {
  readonly what: string
  readonly floor: number
  readonly end: number
  readonly now: number
}

function askedRange(
  target: BackfillTarget,
  { from, to, last, date }: BackfillOptions,
  { what, floor, end, now }: Bounds,
): { from: number; to: number } {
  if (date !== undefined) {
    const day = typeof date === 'string' ? parseDay(date) : null
    if (day === null) throw invalid(`${what}: date: ${shown(date)} is not a day. Write "2026-03-29", or give from and to.`)
    return { from: fromLocal(target.windows.zone, day * DAY_MS), to: fromLocal(target.windows.zone, (day + 1) * DAY_MS) }
  }
  const until = to === undefined ? Math.max(end, floor + 1) : instantOf(target, to, `${what}: to`)
  if (last === undefined) return { from: from === undefined ? floor : instantOf(target, from, `${what}: from`), to: until }
  // What is asked for by its length means what there is of it.
  return { from: Math.max(floor, Math.min(until, now) - parseDuration(last, `${what}: last`, 1)), to: until }
}

function checkFrom({ planning }: BackfillTarget, from: number, { what, floor, now }: Omit<Bounds, 'end'>): void {
  if (from < planning.startAt) {
    throw outOfRange(`${what}: from: ${iso(from)} lies before its start. Begin at ${iso(planning.startAt)}, or define an earlier start.`)
  }
  if (from < floor) {
    throw outOfRange(
      `${what}: from: ${iso(from)} lies ${formatDuration(now - from)} back, and its source is kept for ${formatDuration(planning.retainMs ?? 0)} (retain): what is gone there would be lost here, too. Begin at ${iso(floor)}, or define a longer retain if the source holds more.`,
    )
  }
}

/** A bare day is the zone's, as with `start`. */
function instantOf({ windows }: BackfillTarget, value: unknown, field: string): number {
  const day = typeof value === 'string' ? parseDay(value) : null
  return day === null ? toInstant(value, field) : fromLocal(windows.zone, day * DAY_MS)
}

function oneOf<T extends string>(value: unknown, known: readonly T[], field: string): T {
  const found = known.find((one) => one === value)
  if (found !== undefined) return found
  throw invalid(`${field}: ${shown(value)} is none. Use ${known.map((one) => `"${one}"`).join(' or ')}.`)
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

function invalid(message: string): QuarterjackError {
  return new QuarterjackError('InvalidOption', message)
}

function outOfRange(message: string): QuarterjackError {
  return new QuarterjackError('BackfillOutOfRange', message)
}
