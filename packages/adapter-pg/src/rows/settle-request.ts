/** Settlements as `runs_settle` reads them: plain successes, which are the most, in columns, and the others as flat records. */
import type { Settlement } from '@quarterjack/core/store'

/** What is sent, and where each settlement went, to put the replies back in order. */
export interface SettleRequest {
  readonly ids: readonly string[]
  readonly fences: readonly number[]
  readonly startedAts: readonly number[]
  /** Empty when no run has a result. */
  readonly results: readonly (string | null)[]
  readonly others: readonly object[]
}

/** `order[i]`: the place of the i-th settlement among what is sent. */
export interface SettleLetter {
  readonly request: SettleRequest
  readonly order: readonly number[]
}

export function toSettleRequest(settlements: readonly Settlement[]): SettleLetter {
  const plain = settlements.filter(isPlain)
  const others = settlements.filter((one) => !isPlain(one))
  const results = plain.map(({ then }) => (then.to === 'succeeded' ? then.result : null))
  let nextPlain = 0
  let nextOther = plain.length
  return {
    request: {
      ids: plain.map(({ runId }) => runId),
      fences: plain.map(({ fence }) => fence),
      startedAts: plain.map(({ startedAt }) => startedAt as number),
      results: results.some((result) => result !== null) ? results : [],
      others: others.map(({ then, ...rest }) => ({ ...rest, ...then })),
    },
    order: settlements.map((one) => (isPlain(one) ? nextPlain++ : nextOther++)),
  }
}

function isPlain({ outcome, startedAt, error, progress, then, enqueue, holdGates }: Settlement): boolean {
  return (
    then.to === 'succeeded' &&
    outcome === 'succeeded' &&
    startedAt !== null &&
    error === null &&
    progress === undefined &&
    holdGates !== true &&
    (enqueue === undefined || enqueue.length === 0)
  )
}
