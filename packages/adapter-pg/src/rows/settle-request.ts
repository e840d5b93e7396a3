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
  const ids: string[] = []
  const fences: number[] = []
  const startedAts: number[] = []
  const results: (string | null)[] = []
  const others: object[] = []
  let hasResults = false
  // In one look: they come by the thousand. Those that are not plain follow all that are, so their places are known last.
  const order = settlements.map((one) => {
    const { then } = one
    if (then.to !== 'succeeded' || !isPlain(one)) {
      const { then: _, ...rest } = one
      return -others.push({ ...rest, ...then })
    }
    hasResults ||= then.result !== null
    fences.push(one.fence)
    startedAts.push(one.startedAt as number)
    results.push(then.result)
    return ids.push(one.runId) - 1
  })
  return {
    request: { ids, fences, startedAts, results: hasResults ? results : [], others },
    order: others.length === 0 ? order : order.map((place) => (place < 0 ? ids.length - 1 - place : place)),
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
