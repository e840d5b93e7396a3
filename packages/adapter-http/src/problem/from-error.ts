/** From whatever was thrown to the problem that the client sees. What it must not see stays in the log. */
import { type ErrorCode, QuarterjackError } from '@quarterjack/core/store'
import { Problem, type ProblemCode } from './problem.ts'

/** What each is to a client; null: nothing that it did, and nothing that it should read about. */
const BY_CODE: Readonly<Record<ErrorCode, ProblemCode | null>> = {
  NodeTooOld: null,
  InvalidOption: 'InvalidValue',
  InvalidName: 'InvalidValue',
  InvalidCron: 'InvalidValue',
  InvalidDuration: 'InvalidValue',
  InvalidInstant: 'InvalidValue',
  InvalidTimeZone: 'InvalidValue',
  InvalidSchedule: 'InvalidValue',
  InvalidQuery: 'InvalidValue',
  DuplicateJob: null,
  RollupNotNested: null,
  BackfillOutOfRange: 'InvalidValue',
  BackfillOverlaps: 'Conflict',
  NotVerifiable: 'Conflict',
  TargetUnknown: 'Conflict',
  RefreshResultInvalid: null,
  PayloadInvalid: 'InvalidValue',
  PayloadNotSerializable: 'InvalidValue',
  PayloadTooLarge: 'BodyTooLarge',
  UnknownJob: 'NotFound',
  UnknownRun: 'NotFound',
  UnknownSchedule: 'NotFound',
  UnknownRollup: 'NotFound',
  UnknownBackfill: 'NotFound',
  NotReplayable: 'Conflict',
  JobInUse: 'Conflict',
  RunFailed: null,
  RunCancelled: null,
  RunSkipped: null,
  AttemptTimedOut: null,
  WaitTimedOut: null,
  NonRetryable: null,
  RetryAfter: null,
  LeaseLost: null,
  StaleLease: null,
  MutexTimedOut: null,
  SchedulerStopped: 'Unavailable',
  AlreadyStarted: 'Conflict',
  StoreClosed: 'Unavailable',
  StoreTimedOut: 'Unavailable',
  StoreUnavailable: 'Unavailable',
  StoreUnsupported: 'Unavailable',
  StoreNotShared: null,
  SchemaMissing: 'Unavailable',
  SchemaNewer: 'Unavailable',
  TransactionsUnsupported: null,
  HttpRequestInvalid: null,
  HttpStatus: null,
  HttpDnsFailed: null,
  HttpRefused: null,
  HttpReset: null,
  HttpTlsFailed: null,
  HttpTimedOut: null,
  HttpNetworkFailed: null,
  HttpRedirected: null,
  HttpResponseTooLarge: null,
  HttpResponseInvalid: null,
  WebhookInvalid: null,
}

/** Messages about the store may name hosts and accounts; what went wrong inside is nobody's business. */
const SAID: Partial<Record<ProblemCode, string>> = {
  Unavailable: 'The scheduler cannot reach its store, or was stopped. Try again later.',
}

/** Never throws. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (QuarterjackError.isInstance(error)) {
    // Another version of the core may have codes that this one does not know.
    const problem = BY_CODE[error.code] ?? null
    if (problem !== null) {
      const headers = problem === 'Unavailable' ? { 'retry-after': '5' } : {}
      return new Problem(problem, SAID[problem] ?? error.message, { code: error.code, headers })
    }
  }
  return new Problem('InternalError', 'The request could not be answered. The log has the reason, under this request id.')
}
