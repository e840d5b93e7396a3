/** From a schedule in code to the spec that a store keeps, and back from its text. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { holdsHash } from './cron-syntax.ts'
import { resolveHashes } from './resolve-hashes.ts'
import type { ResolvedSpec, Schedule, ScheduleSpec } from './schedule.ts'

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
