/** What the calls that took effect say about leases of mutexes. */
import type { AcquireReply, AcquireRequest, HeldLease } from '../../../src/store/leases.ts'
import type { Commit } from '../faulty-store.ts'
import type { FencesModel } from './fences.ts'

export interface LeasesModel {
  take(commit: Commit): void
  /** The store may give the lease of this fence to others. */
  isOver(fence: number, storeNow: number): boolean
}

export function createLeasesModel(fences: FencesModel): LeasesModel {
  const ends = new Map<number, number>()
  return {
    take({ verb, request, reply, storeNow }) {
      if (verb === 'leases.acquire') {
        const { bids } = request as { bids: readonly AcquireRequest[] }
        ;(reply as { replies: readonly AcquireReply[] }).replies.forEach((one, index) => {
          if (!one.granted) return
          if (!ends.has(one.fence)) fences.grow(one.fence, `lease ${bids[index]?.name}`)
          ends.set(one.fence, storeNow + (bids[index]?.leaseMs ?? 0))
        })
      } else if (verb === 'leases.renew') {
        const { leases } = request as { leases: readonly (HeldLease & { leaseMs: number })[] }
        ;(reply as { renewed: readonly boolean[] }).renewed.forEach((renewed, index) => {
          const lease = leases[index]
          if (lease !== undefined) ends.set(lease.fence, renewed ? storeNow + lease.leaseMs : Number.NEGATIVE_INFINITY)
        })
      } else if (verb === 'leases.release') {
        for (const { fence } of (request as { leases: readonly HeldLease[] }).leases) ends.set(fence, Number.NEGATIVE_INFINITY)
      }
    },
    isOver: (fence, storeNow) => (ends.get(fence) ?? Number.NEGATIVE_INFINITY) <= storeNow,
  }
}
