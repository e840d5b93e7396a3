/** The options that `cron`, `every` and `at` share: checked, and brought into the stored form. */
import { checkList, checkNames } from '../errors/check-call.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { parseDuration } from '../time/duration.ts'
import { toInstant } from '../time/instant.ts'
import { findZone } from '../time/zone.ts'
import { parseDay } from './calendar-month.ts'
import type { AtSpec, ExcludeFunctions, Schedule, ScheduleOptions, ScheduleSpec } from './schedule.ts'

/** The part of a spec that every kind has. */
export type CommonSpec = Omit<AtSpec, 'kind' | 'at'>

/** Most entries of `exclude`. */
export const MAX_EXCLUSIONS = 1_000
const MAX_KEY_LENGTH = 256
const COMMON_NAMES = ['key', 'payload', 'start', 'end', 'exclude', 'jitter', 'timeZone']

type Range = readonly [fromAt: number, toAt: number]

/** Refuses option names that are not known, with `InvalidOption`. `factory` is the function that was called. */
export function checkOptionNames(options: unknown, factory: string, names: readonly string[] = []): void {
  checkNames(options, [...COMMON_NAMES, ...names], factory)
}

/** A frozen schedule of `own` (what the kind alone has) and the common options. Throws coded errors that name the field. */
export function makeSchedule<P, S extends { readonly kind: ScheduleSpec['kind'] }>(own: S, options: ScheduleOptions<P>): Schedule<P> {
  const { key, payload } = options
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH)) {
    throw new QuarterjackError('InvalidOption', `key: ${shown(key)} is not a key. Give 1 to ${MAX_KEY_LENGTH} characters, or leave it out.`)
  }
  const spec = { ...own, ...resolveCommon(options) } as unknown as ScheduleSpec
  return Object.freeze({ spec: Object.freeze(spec), excludes: Object.freeze(functionsOf(options.exclude)), key, payload })
}

function resolveCommon(options: ScheduleOptions): CommonSpec {
  const startAt = options.start === undefined ? undefined : toInstant(options.start, 'start')
  const endAt = options.end === undefined ? undefined : toInstant(options.end, 'end')
  if (startAt !== undefined && endAt !== undefined && endAt < startAt) {
    throw new QuarterjackError('InvalidOption', `end: ${iso(endAt)} lies before start, ${iso(startAt)}: there is no slot. Swap them.`)
  }
  const jitterMs = options.jitter === undefined ? 0 : parseDuration(options.jitter, 'jitter')
  const zone = options.timeZone === undefined ? 'UTC' : findZone(options.timeZone, 'timeZone').name
  const { days, ranges } = resolveExclusions(options.exclude)
  return {
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
    ...(days.length === 0 ? {} : { excludeDays: Object.freeze(days) }),
    ...(ranges.length === 0 ? {} : { excludeRanges: Object.freeze(ranges) }),
    ...(jitterMs === 0 ? {} : { jitterMs }),
    ...(zone === 'UTC' ? {} : { timeZone: zone }),
  }
}

/** Sorted and without duplicates, so that the order in which they were given changes nothing. */
function resolveExclusions(exclude: unknown): { readonly days: readonly string[]; readonly ranges: readonly Range[] } {
  const days = new Set<string>()
  const ranges: Range[] = []
  for (const [index, entry] of listOf(exclude).entries()) {
    const field = `exclude[${index}]`
    if (typeof entry === 'function') continue
    if (typeof entry === 'string' && parseDay(entry) !== null) days.add(entry)
    else if (isRange(entry)) ranges.push(resolveRange(entry, field))
    else {
      const remedy = 'Use a day such as "2026-12-25", a range { from, to }, or a function of the slot that answers true or false.'
      throw new QuarterjackError('InvalidOption', `${field}: ${shown(entry)} is not an exclusion. ${remedy}`)
    }
  }
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  return { days: [...days].sort(), ranges }
}

function functionsOf(exclude: unknown): ExcludeFunctions {
  return listOf(exclude).filter((entry) => typeof entry === 'function') as unknown as ExcludeFunctions
}

function listOf(exclude: unknown): readonly unknown[] {
  if (exclude === undefined) return []
  checkList(exclude, 'exclude', 'exclusions')
  if (exclude.length > MAX_EXCLUSIONS) {
    throw new QuarterjackError(
      'InvalidOption',
      `exclude: ${exclude.length} entries are too many; at most ${MAX_EXCLUSIONS}. Use a function.`,
    )
  }
  return exclude
}

function isRange(entry: unknown): entry is { readonly from: unknown; readonly to: unknown } {
  return typeof entry === 'object' && entry !== null && 'from' in entry && 'to' in entry && Object.keys(entry).length === 2
}

function resolveRange({ from, to }: { readonly from: unknown; readonly to: unknown }, field: string): Range {
  const fromAt = toInstant(from, `${field}.from`)
  const toAt = toInstant(to, `${field}.to`)
  if (toAt > fromAt) return Object.freeze([fromAt, toAt] as const)
  throw new QuarterjackError(
    'InvalidOption',
    `${field}: ${iso(toAt)} does not lie after ${iso(fromAt)}: the range [from, to) is empty. Swap them.`,
  )
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
