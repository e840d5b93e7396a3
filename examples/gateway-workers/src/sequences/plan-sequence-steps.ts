/** Which mails of the sequences are due. Pure. */
import { HOUR_MS } from '../db/time.ts'

export interface SequenceStep {
  /** Hours after the step before it, or after the enrolment. */
  readonly delayHours: number
  readonly subject: string
}

/** Somebody's way through a sequence. */
export interface Enrollment {
  readonly id: number
  readonly steps: readonly SequenceStep[]
  readonly nextStep: number
  /** When the step before was queued, or when it began. */
  readonly lastAt: number
  readonly email: string
  /** Whether they still want mail. */
  readonly isWanted: boolean
}

export interface SequenceMove {
  readonly id: number
  readonly status: 'active' | 'completed' | 'stopped'
  readonly nextStep: number
  readonly lastAt: number
  readonly mail: { readonly step: number; readonly recipient: string; readonly subject: string } | null
}

/** At most one mail each: the delay of the next one counts from this one. */
export function planSequenceSteps(enrollments: readonly Enrollment[], at: number): readonly SequenceMove[] {
  return enrollments.flatMap((enrollment) => planMove(enrollment, at) ?? [])
}

function planMove({ id, steps, nextStep, lastAt, email, isWanted }: Enrollment, at: number): SequenceMove | null {
  if (!isWanted) return { id, status: 'stopped', nextStep, lastAt, mail: null }
  const step = steps[nextStep]
  if (step === undefined) return { id, status: 'completed', nextStep, lastAt, mail: null }
  if (lastAt + step.delayHours * HOUR_MS > at) return null
  const status = nextStep + 1 === steps.length ? 'completed' : 'active'
  return { id, status, nextStep: nextStep + 1, lastAt: at, mail: { step: nextStep, recipient: email, subject: step.subject } }
}
