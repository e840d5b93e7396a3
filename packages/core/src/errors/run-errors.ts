/** Errors that speak of one run: thrown to its caller, or thrown by its handler to steer retries. */
import { QuarterjackError } from './quarterjack-error.ts'

/** Thrown by `run.finished()` when the run ended `dead`; `cause` holds the last stored error. */
export class RunFailedError extends QuarterjackError {
  override readonly name = 'RunFailedError'
  readonly runId: string
  readonly job: string

  constructor(job: string, runId: string, reason: string, options?: ErrorOptions) {
    super(
      'RunFailed',
      `Run ${runId} of job "${job}" is dead: ${reason.replace(/\.$/, '')}. Replay it with scheduler.runs.replay("${runId}").`,
      options,
    )
    this.runId = runId
    this.job = job
  }
}

/** A write about a run was refused: its lease had passed to another owner. The result is discarded. */
export class StaleLeaseError extends QuarterjackError {
  override readonly name = 'StaleLeaseError'

  constructor(what: string) {
    super('StaleLease', `${what} was refused: its lease passed to another owner. The late result was discarded.`)
  }
}

/** The reason of `signal` when a lease can no longer be trusted. Stop writing at once. */
export class LeaseLostError extends QuarterjackError {
  override readonly name = 'LeaseLostError'

  constructor(what: string) {
    super('LeaseLost', `The lease of ${what} was lost or could not be confirmed in time. Another owner may already have it.`)
  }
}

/** Throw it (or a subclass) from a handler: the run is dead at once, whatever retries remain. */
export class NonRetryableError extends QuarterjackError {
  override readonly name: string = 'NonRetryableError'

  constructor(message: string, options?: ErrorOptions) {
    super('NonRetryable', message, options)
  }
}
