/** From a schedule in code to the spec that a store keeps, back from its text, and into words. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { formatDuration } from '../time/duration.ts'
import { holdsHash } from './cron-syntax.ts'
import { readSpec } from './read-spec.ts'
import { resolveHashes } from './resolve-hashes.ts'
import type { ResolvedSpec, Schedule, ScheduleSpec } from './schedule.ts'

const MAX_CACHED = 1_000

const cache = new Map<string, ResolvedSpec>()

/** The schedule with each `H` of its expression resolved from the job's name (or any other seed that is stable). */
export function bindSchedule<P>(schedule: Schedule<P>, jobName: string): Schedule<P> {
  const { spec } = schedule
  if (spec.kind !== 'cron' || !holdsHash(spec.expression)) return schedule
  return Object.freeze({ ...schedule, spec: Object.freeze({ ...spec, expression: resolveHashes(spec.expression, jobName) }) })
}

/**
 * The spec with its registration anchor set from `registeredAt`, rounded down to `alignMs`. To register again
 * what is registered already, pass the stored anchor: equal content then gives equal text.
 * Throws `InvalidSchedule` for an `H` that was not bound to a job.
 */
export function resolveSpec(spec: ScheduleSpec, registeredAt: number): ResolvedSpec {
  if (spec.kind === 'cron' && holdsHash(spec.expression)) {
    throw new QuarterjackError('InvalidSchedule', `expression: the H of "${spec.expression}" needs the name of a job.`)
  }
  if (spec.kind !== 'every') return spec
  const { anchorAt, alignMs = 1 } = spec
  if (anchorAt !== 'registration') return { ...spec, anchorAt }
  return Object.freeze({ ...spec, anchorAt: Math.floor(registeredAt / alignMs) * alignMs, registered: true })
}

/** The one text of a spec: JSON, keys sorted, absent values dropped. Equal specs have equal texts. */
export function serialiseSpec(spec: ScheduleSpec): string {
  const entries = Object.entries(spec).filter(([, value]) => value !== undefined)
  return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))
}

/** The spec of a stored text, frozen; `InvalidSchedule` when it cannot be understood. The newest 1,000 are remembered. */
export function parseSpec(text: string): ResolvedSpec {
  let spec = cache.get(text)
  if (spec === undefined) {
    spec = readSpec(text)
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string)
    cache.set(text, spec)
  }
  return spec
}

/** `cron "5 * * * *" in Europe/Berlin`, `every 6h`, `at 2026-01-01T00:00:00.000Z`, and what limits it. */
export function describeSpec(spec: ScheduleSpec): string {
  const exclusions = (spec.excludeDays?.length ?? 0) + (spec.excludeRanges?.length ?? 0)
  return [
    describeKind(spec),
    ...(spec.startAt === undefined ? [] : [`from ${iso(spec.startAt)}`]),
    ...(spec.endAt === undefined ? [] : [`until ${iso(spec.endAt)}`]),
    ...(spec.delayMs === undefined ? [] : [`${formatDuration(spec.delayMs)} later`]),
    ...(spec.jitterMs === undefined ? [] : [`jitter ${formatDuration(spec.jitterMs)}`]),
    ...(exclusions === 0 ? [] : [`${exclusions} ${exclusions === 1 ? 'exclusion' : 'exclusions'}`]),
  ].join(', ')
}

function describeKind(spec: ScheduleSpec): string {
  const zone = spec.timeZone === undefined || spec.timeZone === 'UTC' ? '' : ` in ${spec.timeZone}`
  if (spec.kind === 'cron') return `cron "${spec.expression.replace(/^0 /, '')}"${zone}`
  if (spec.kind === 'at') return `at ${iso(spec.at)}`
  return `every ${formatDuration(spec.everyMs)}${describeAnchor(spec.anchorAt)}`
}

function describeAnchor(anchorAt: number | 'registration'): string {
  if (anchorAt === 0) return ''
  return anchorAt === 'registration' ? ' from its registration' : ` counted from ${iso(anchorAt)}`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
