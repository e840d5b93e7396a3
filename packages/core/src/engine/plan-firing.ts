/** What one due schedule asks for: which slots run, which are skipped, and when it is due next. Pure. */
import type { JobPolicy } from '../job/job.ts'
import { slotRunId } from '../random/ids.ts'
import { planSlots } from '../schedule/plan-slots.ts'
import { parseSpec } from '../schedule/resolve-spec.ts'
import type { ScheduleRecord, SuspendedStretch } from '../store/records.ts'
import type { Firing } from '../store/schedules.ts'
import { gatesOf } from '../trigger/gates-of.ts'
import { jitterSeed } from './plan-registration.ts'

export interface FiringFacts {
  readonly record: ScheduleRecord
  readonly policy: JobPolicy
  /** Suspensions of the whole job. */
  readonly jobStretches: readonly SuspendedStretch[]
  /** Store time. */
  readonly now: number
  readonly misfireAfterMs: number
  /** A calendar function threw. */
  readonly onExcludeError?: (error: unknown) => void
}

/** Throws `InvalidSchedule` when the stored spec cannot be understood; such a row is quarantined alone. */
export function planFiring(facts: FiringFacts): Firing {
  const { record, policy, now } = facts
  const expectedSlot = record.nextSlot as number
  const plan = planSlots({
    spec: parseSpec(record.spec),
    functions: excludesOf(policy, record.name),
    seed: jitterSeed(record.job, record.name),
    cursor: record.cursor,
    nextSlot: expectedSlot,
    now,
    misfireAfterMs: facts.misfireAfterMs,
    catchUp: policy.catchUp,
    suspendedStretches: [...facts.jobStretches, ...record.suspendedStretches],
    onExcludeError: facts.onExcludeError,
  })
  const gates = gatesOf(policy, record.key, policy.slotOverlap)
  return {
    job: record.job,
    name: record.name,
    incarnation: record.incarnation,
    generation: record.generation,
    expectedSlot,
    through: plan.through,
    nextSlot: plan.nextSlot,
    nextDueAt: plan.nextDueAt,
    runs: plan.runs.map((slot) => ({
      id: slotRunId(record.incarnation, slot),
      slot,
      // Due since its slot: lateness counts from there, and older runs come first.
      runAt: slot === expectedSlot && record.nextDueAt !== null ? record.nextDueAt : slot,
      priority: policy.priority,
      overlap: policy.slotOverlap,
      queueLimit: policy.queueLimit,
      gates,
    })),
    skips: plan.skips,
  }
}

function excludesOf(policy: JobPolicy, name: string): readonly ((slot: Date) => boolean)[] {
  return policy.schedules.find((bound) => bound.name === name)?.schedule.excludes ?? []
}
