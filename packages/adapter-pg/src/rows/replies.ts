/** Replies of the hot verbs, which travel in a shorter form than the contract's. */
import type { ClaimedRun, EnqueueReply, EnqueueRequest, FiredRun, FireReply, SettleReply } from '@quarterjack/core/store'
import { type ClaimedLot, toClaimedRuns } from './claimed-runs.ts'

/** Of `runs_enqueue`. No outcomes: each request was made into a run under its own id. */
export interface EnqueueAnswer {
  readonly outcomes: readonly (readonly [outcome: EnqueueReply['outcome'], id: string])[] | null
  readonly claimed: readonly ClaimedLot[] | null
}

/** What was asked, and where each request stood among what was sent. */
export interface Enqueued {
  readonly requests: readonly EnqueueRequest[]
  readonly order: readonly number[]
  /** Who claims. */
  readonly owner: string | undefined
}

/** In the order asked. A claimed run is given to the request that made it. */
export function toEnqueueReplies({ outcomes, claimed }: EnqueueAnswer, { requests, order, owner = '' }: Enqueued): readonly EnqueueReply[] {
  const claims = indexClaimed(claimed, owner)
  return requests.map((request, index): EnqueueReply => {
    const [outcome, id] = outcomes?.[order[index] as number] ?? ['created', request.id]
    const claim = outcome === 'created' ? takeClaimed(claims, id) : undefined
    return claim === undefined ? { outcome, id } : { outcome, id, claimed: claim }
  })
}

/** Of `runs_settle`. No replies: all were settled, and no job has failures in a row. */
export type SettleAnswer = readonly (readonly [status: SettleReply['status'], failuresInARow: number])[] | null

/** In the order asked; `order` says where each settlement stood among what was sent. */
export function toSettleReplies(answer: SettleAnswer, order: readonly number[]): readonly SettleReply[] {
  return order.map((place) => {
    const [status, failuresInARow] = answer?.[place] ?? ['settled', 0]
    return { status, failuresInARow }
  })
}

/** Of `schedules_fire`. */
export interface FireAnswer {
  readonly replies: readonly FiringRow[] | null
  readonly claimed: readonly ClaimedLot[] | null
}

type FiringRow = readonly [
  status: FireReply['status'],
  runs: readonly (readonly [id: FiredRun['id'], state: FireReply['runs'][number]['state'], reason: string | null])[],
]

/** In the order asked. */
export function toFireReplies({ replies, claimed }: FireAnswer, owner = ''): readonly FireReply[] {
  const claims = indexClaimed(claimed, owner)
  return (replies ?? []).map(
    ([status, runs]): FireReply => ({
      status,
      runs: runs.map(([id, state, reason]) => {
        const claim = takeClaimed(claims, id)
        return claim === undefined ? { id, state, reason } : { id, state, reason, claimed: claim }
      }),
    }),
  )
}

function indexClaimed(lots: readonly ClaimedLot[] | null, owner: string): Map<string, ClaimedRun> {
  return new Map(toClaimedRuns(lots, owner).map((run) => [run.record.id, run]))
}

/** Each is given once: a run that was asked for twice was claimed once. */
function takeClaimed(claims: Map<string, ClaimedRun>, id: string): ClaimedRun | undefined {
  if (claims.size === 0) return undefined
  const run = claims.get(id)
  claims.delete(id)
  return run
}
