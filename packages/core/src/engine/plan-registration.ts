/** Whether and how this process's definition of a job goes into the store. Pure (engine rule 4). */
import { dueAt } from '../schedule/jitter.ts'
import { nextFiringSlot } from '../schedule/next-slots.ts'
import { parseSpec, resolveSpec, serialiseSpec } from '../schedule/resolve-spec.ts'
import type { ResolvedSpec, ScheduleSpec } from '../schedule/schedule.ts'
import type { BoundSchedule, JobPolicy } from '../job/job.ts'
import type { JobRecord, ScheduleRecord } from '../store/records.ts'
import type { Registration, ScheduleWrite } from '../store/schedules.ts'

export interface RegistrationFacts {
  readonly policy: JobPolicy
  readonly hash: string
  /** JSON texts of the schedules' payloads, in order. */
  readonly payloads: readonly (string | null)[]
  /** What the store has; null for a new job. */
  readonly record: JobRecord | null
  /** The job's static schedules in the store. */
  readonly schedules: readonly ScheduleRecord[]
  /** At or before the store's now. */
  readonly asOf: number
  readonly nextId: () => string
}

/**
 * `current`: the store has this definition. `superseded`: another one took its place and a live
 * process declares that. `register`: new, changed, or to be restored; `missing` names the schedules
 * that the store should have had, and has not.
 */
export type RegistrationPlan =
  | { readonly kind: 'current' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'register'; readonly registration: Registration; readonly missing: readonly string[] }

export function planRegistration(facts: RegistrationFacts): RegistrationPlan {
  const { policy, hash, record } = facts
  const missing =
    record?.hash === hash
      ? missingSchedules(
          policy,
          facts.schedules.map(({ name }) => name),
        )
      : []
  // What another version could not read is written again.
  const isReadable = facts.schedules.every(({ quarantined }) => quarantined === null)
  if (record?.hash === hash && missing.length === 0 && isReadable) return { kind: 'current' }
  // A hash has no order: one that was replaced stays replaced while its successor lives.
  if (record?.superseded.includes(hash) && record.declared.includes(record.hash)) return { kind: 'superseded' }
  return {
    kind: 'register',
    missing,
    registration: {
      job: policy.name,
      hash,
      expectedGeneration: record?.generation ?? 0,
      concurrency: policy.concurrency,
      rateLimit: policy.rateLimit,
      schedules: policy.schedules.map((bound, index) => writeOf(bound, facts.payloads[index] ?? null, facts)),
      // From the instant that the first slots were counted from: none is left out.
      ...(record !== null || policy.suspended === null ? {} : { suspended: { at: facts.asOf, reason: policy.suspended } }),
      ...(policy.renamedFrom === null ? {} : { renamedFrom: policy.renamedFrom }),
    },
  }
}

/** Static schedules of a definition that the store has, without their rows: somebody deleted them. */
export function missingSchedules(policy: JobPolicy, stored: readonly string[]): readonly string[] {
  const names = new Set(stored)
  return policy.schedules.flatMap(({ name }) => (names.has(name) ? [] : [name]))
}

/** What {@link planScheduleWrite} needs. */
export interface WriteFacts {
  readonly job: string
  readonly name: string
  readonly key: string
  readonly spec: ScheduleSpec
  readonly functions: readonly ((slot: Date) => boolean)[]
  readonly payload: string | null
  readonly asOf: number
  /** Kept when the schedule exists; see {@link anchorOf}. */
  readonly anchorAt: number | null
  readonly incarnation: string
}

/** A schedule to be written: its spec resolved, and its first slot after `asOf` computed. */
export function planScheduleWrite(facts: WriteFacts): ScheduleWrite {
  return writePlaced(facts, placeSpec(facts))
}

/** A schedule to be written whose spec is placed already. */
export function writePlaced(facts: Omit<WriteFacts, 'spec' | 'functions' | 'anchorAt'>, placed: Placed): ScheduleWrite {
  const { job, name, key, payload, asOf, incarnation } = facts
  const { spec, text, nextSlot } = placed
  const nextDueAt = nextSlot === null ? null : dueAt(spec, jitterSeed(job, name), nextSlot)
  return { job, name, key, incarnation, spec: text, payload, asOf, nextSlot, nextDueAt }
}

/** A spec at an instant: what schedules that share it need to compute only once. */
export interface Placed {
  readonly spec: ResolvedSpec
  readonly text: string
  readonly nextSlot: number | null
}

/** Resolves and serialises a spec, and finds its first slot after `asOf`. */
export function placeSpec(facts: Pick<WriteFacts, 'spec' | 'functions' | 'asOf' | 'anchorAt'>): Placed {
  const spec = resolveSpec(facts.spec, facts.anchorAt ?? facts.asOf)
  return { spec, text: serialiseSpec(spec), nextSlot: nextFiringSlot(spec, facts.functions, facts.asOf) }
}

/** What a schedule's jitter is hashed from: the same on every node, and after a restart. */
export function jitterSeed(job: string, name: string): string {
  return `${job}/${name}`
}

/** The anchor that a stored interval schedule was registered with; null if it has none. */
export function anchorOf(specText: string): number | null {
  try {
    const spec = parseSpec(specText)
    return spec.kind === 'every' && spec.registered === true ? spec.anchorAt : null
  } catch {
    return null
  }
}

function writeOf(bound: BoundSchedule, payload: string | null, facts: RegistrationFacts): ScheduleWrite {
  const { spec, excludes } = bound.schedule
  const existing = facts.schedules.find((schedule) => schedule.name === bound.name)
  return planScheduleWrite({
    job: facts.policy.name,
    name: bound.name,
    key: bound.key,
    spec,
    functions: excludes,
    payload,
    // The cursor never goes back, even if our reading of the store's clock is older than it.
    asOf: Math.max(facts.asOf, existing?.cursor ?? facts.asOf),
    anchorAt: existing === undefined ? null : anchorOf(existing.spec),
    incarnation: existing?.incarnation ?? facts.nextId(),
  })
}
