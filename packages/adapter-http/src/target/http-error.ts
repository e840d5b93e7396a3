/** The errors of calls to endpoints. */
import { type ErrorCode, QuarterjackError } from '@quarterjack/core/store'

/** What an {@link HttpError} says beside its message. */
export interface HttpErrorFacts {
  /** Whether another attempt may do better. The engine reads it: false ends the run at once. */
  readonly retryable: boolean
  /** The status of the answer, if there was one. */
  readonly status?: number | undefined
  /** The code of the system or of TLS, such as `ECONNREFUSED` or `CERT_HAS_EXPIRED`. */
  readonly reason?: string | undefined
  /** The wait that the endpoint asked for. */
  readonly retryAfterMs?: number | undefined
}

/** A call that failed. Its code tells how; neither it nor its message holds a credential. */
export class HttpError extends QuarterjackError {
  override readonly name = 'HttpError'
  readonly retryable: boolean
  // Declared only: what an error does not say, it does not have.
  declare readonly status?: number
  declare readonly reason?: string
  declare readonly retryAfterMs?: number

  constructor(code: ErrorCode, message: string, { retryable, status, reason, retryAfterMs }: HttpErrorFacts) {
    super(code, message)
    this.retryable = retryable
    if (status !== undefined) this.status = status
    if (reason !== undefined) this.reason = reason
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs
  }
}
