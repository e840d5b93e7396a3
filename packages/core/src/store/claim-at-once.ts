/** Claims that ride on other calls, and what every claim gives. */
import type { RunRecord } from './records.ts'

/** Claim what was just written, as far as gates, rate limits and `limit` permit. */
export interface ClaimAtOnce {
  readonly owner: string
  /** A claim is a renewal too: the owner's lease becomes now + `leaseMs`. An owner that is unknown or expired claims nothing. */
  readonly leaseMs: number
  readonly limit: number
  /** The first `start` of them start at once; the rest wait in the process. */
  readonly start: number
  /** Highest fence this process has seen. */
  readonly seenFence: number
}

/** A run that the asking owner now holds; `record.state` is `running`, `record.fence` its fence. */
export interface ClaimedRun {
  readonly record: RunRecord
  /** It may start at once; otherwise report its start with the next `renew`. */
  readonly started: boolean
}
