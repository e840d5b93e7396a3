/** Room of this process that is offered together with a trigger, so that its run may start at once. */
import type { ClaimAtOnce } from '../store/claim-at-once.ts'
import type { Offer } from '../trigger/enqueuer.ts'
import type { Holdings } from './holdings.ts'

/** With `wanted` 0 the claim is empty, but its reply still tells when to look for what was written. */
export function claimOffer(holdings: Holdings, wanted: number, by: Pick<ClaimAtOnce, 'owner' | 'leaseMs' | 'seenFence'>): Offer {
  const { limit, start, answered, close } = holdings.reserve(wanted)
  return { claim: { ...by, limit, start }, answered, close }
}
