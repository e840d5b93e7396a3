/** Claims due runs, as many as this process has room for. */
import type { ClaimedRun } from '../store/claim-at-once.ts'
import type { Holdings } from './holdings.ts'
import type { Owner } from './owner.ts'
import type { StoreLink } from './store-link.ts'

const BATCH = 500

export interface ClaimDeps {
  readonly link: StoreLink
  readonly owner: Owner
  readonly leaseMs: number
  readonly holdings: Holdings
  readonly monotonic: () => number
  readonly seenFence: () => number
  readonly onClaimed: (runs: readonly ClaimedRun[], owner: string) => void
  /** The store took the lease of this owner away. */
  readonly onDead: (owner: string) => void
}

/** One round; returns how many runs it claimed. */
export async function claimDue(deps: ClaimDeps): Promise<number> {
  const reservation = deps.holdings.reserve(BATCH)
  try {
    if (reservation.limit === 0) return 0
    const owner = deps.owner.id
    const askedAt = deps.monotonic()
    const reply = await deps.link.call('runs.claim', (store) =>
      store.runs.claim({ owner, leaseMs: deps.leaseMs, limit: reservation.limit, start: reservation.start, seenFence: deps.seenFence() }),
    )
    reservation.answered()
    if (reply.status === 'dead') {
      deps.onDead(owner)
      return 0
    }
    deps.owner.confirm(owner, askedAt, deps.leaseMs)
    deps.onClaimed(reply.runs, owner)
    return reply.runs.length
  } finally {
    reservation.close()
  }
}
