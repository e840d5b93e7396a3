/** What `schedules_fire` answers, as the contract's replies. */
import type { ClaimedRun, FireReply, Firing } from '@quarterjack/core/store'
import { readRunning, type RunningColumns } from './fired-run.ts'
import { type FireAnswer as SentReplies, toFireReplies } from './replies.ts'

/** A firing that went its usual way, with all its runs made, is not spoken of. Claimed runs come in one of two forms. */
export interface FireAnswer {
  readonly odd: readonly (readonly [place: number, status: FireReply['status'], runs: SentRuns])[] | null
  readonly running: RunningColumns | null
  readonly claimed: SentReplies['claimed']
}

type SentRuns = readonly (readonly [id: string, state: FireReply['runs'][number]['state'], reason: string | null])[]

/** What was asked, and who claims. */
export interface Fired {
  readonly firings: readonly Firing[]
  readonly owner: string | undefined
}

/** In the order asked. */
export function readFireReplies({ odd, running, claimed }: FireAnswer, { firings, owner = '' }: Fired): readonly FireReply[] {
  const told = new Map((odd ?? []).map(([place, status, runs]) => [place, [status, runs] as const]))
  const replies = firings.map(
    (firing, index) => told.get(index + 1) ?? (['fired', firing.runs.map(({ id }) => [id, 'pending', null] as const)] as const),
  )
  const claims = readRunning(running, firings)
  return toFireReplies({ replies, claimed }, owner).map((reply) => withClaims(reply, claims))
}

/** What was claimed at once runs. */
function withClaims(reply: FireReply, claims: ReadonlyMap<string, ClaimedRun>): FireReply {
  if (reply.runs.length === 0) return reply
  return {
    status: reply.status,
    runs: reply.runs.map((run) => {
      const claimed = claims.get(run.id) ?? run.claimed
      return claimed === undefined ? run : { ...run, state: 'running', claimed }
    }),
  }
}
