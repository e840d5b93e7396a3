/** Exit codes: what a command's end means to the shell, a container or a CI job. */
import type { ErrorCode } from '../errors/error-code.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'

/** `ok` 0; `failed` 1: the asked thing failed; `usage` 2: it was asked wrongly; `unreachable` 3: the store cannot be used. */
export const EXIT = { ok: 0, failed: 1, usage: 2, unreachable: 3 } as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'InvalidOption',
  'InvalidName',
  'InvalidCron',
  'InvalidDuration',
  'InvalidInstant',
  'InvalidTimeZone',
  'InvalidSchedule',
  'InvalidQuery',
  'DuplicateJob',
  'PayloadInvalid',
  'PayloadNotSerializable',
  'PayloadTooLarge',
  'UnknownJob',
  'UnknownRollup',
  'BackfillOutOfRange',
  'NotVerifiable',
  'TargetUnknown',
  'StoreNotShared',
])

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['StoreClosed', 'StoreTimedOut', 'StoreUnavailable', 'SchemaNewer'])

const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH'])

/** The exit code that an error thrown by a command stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  if (QuarterjackError.isInstance(error)) {
    if (USAGE.has(error.code)) return EXIT.usage
    return UNREACHABLE.has(error.code) ? EXIT.unreachable : EXIT.failed
  }
  return isNetworkError(error, 0) ? EXIT.unreachable : EXIT.failed
}

// A store's own client may reject with its bare error, wrapped or in an AggregateError.
function isNetworkError(error: unknown, depth: number): boolean {
  if (!(error instanceof Error) || depth > 5) return false
  if ('code' in error && typeof error.code === 'string' && NETWORK.has(error.code)) return true
  if (error instanceof AggregateError) return error.errors.some((one) => isNetworkError(one, depth + 1))
  return isNetworkError(error.cause, depth + 1)
}
