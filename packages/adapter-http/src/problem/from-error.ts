/** From whatever was thrown to the problem that the client sees. What it must not see stays in the log. */
import { type ErrorCode, QuarterjackError } from '@quarterjack/core/store'
import { Problem, type ProblemCode } from './problem.ts'

const BY_CODE: Partial<Record<ErrorCode, ProblemCode>> = {
  InvalidOption: 'InvalidValue',
  InvalidName: 'InvalidValue',
  InvalidCron: 'InvalidValue',
  InvalidDuration: 'InvalidValue',
  InvalidInstant: 'InvalidValue',
  InvalidTimeZone: 'InvalidValue',
  InvalidSchedule: 'InvalidValue',
  InvalidQuery: 'InvalidValue',
  PayloadInvalid: 'InvalidValue',
  PayloadNotSerializable: 'InvalidValue',
  PayloadTooLarge: 'BodyTooLarge',
  UnknownJob: 'NotFound',
  UnknownRun: 'NotFound',
  UnknownSchedule: 'NotFound',
  UnknownRollup: 'NotFound',
  UnknownBackfill: 'NotFound',
  BackfillOutOfRange: 'InvalidValue',
  BackfillOverlaps: 'Conflict',
  NotReplayable: 'Conflict',
  NotVerifiable: 'Conflict',
  TargetUnknown: 'Conflict',
  JobInUse: 'Conflict',
  AlreadyStarted: 'Conflict',
  SchedulerStopped: 'Unavailable',
  StoreClosed: 'Unavailable',
  StoreTimedOut: 'Unavailable',
  StoreUnavailable: 'Unavailable',
  StoreUnsupported: 'Unavailable',
  SchemaMissing: 'Unavailable',
  SchemaNewer: 'Unavailable',
}

/** Messages about the store may name hosts and accounts; what went wrong inside is nobody's business. */
const SAID: Partial<Record<ProblemCode, string>> = {
  Unavailable: 'The scheduler cannot reach its store, or was stopped. Try again later.',
}

/** Never throws. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (QuarterjackError.isInstance(error)) {
    const problem = BY_CODE[error.code]
    if (problem !== undefined) {
      const headers = problem === 'Unavailable' ? { 'retry-after': '5' } : {}
      return new Problem(problem, SAID[problem] ?? error.message, { code: error.code, headers })
    }
  }
  return new Problem('InternalError', 'The request could not be answered. The log has the reason, under this request id.')
}
