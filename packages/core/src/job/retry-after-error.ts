/** For handlers that know when to try again. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { type Duration, parseDuration } from '../time/duration.ts'

/**
 * Throw it from a handler: retry not before `retryAfter` from now, if retries remain. Milliseconds, as they are worked out from what
 * a server says, may have a fraction, and may be over: then they are 0. Throws `InvalidDuration` for what is no duration.
 *
 * @example
 * throw new RetryAfterError('the provider asks for a pause', '5m')
 */
export class RetryAfterError extends QuarterjackError {
  override readonly name: string = 'RetryAfterError'
  /** What it was given, in milliseconds. */
  readonly retryAfterMs: number

  constructor(message: string, retryAfter: Duration, options?: ErrorOptions) {
    super('RetryAfter', message, options)
    const wait = typeof retryAfter === 'number' ? Math.max(0, Math.round(retryAfter)) : retryAfter
    this.retryAfterMs = parseDuration(wait, 'RetryAfterError: retryAfter')
  }
}
