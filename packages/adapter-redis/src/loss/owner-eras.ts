/** Which owners were made before the newest loss: they are told that they ended, once. */
import type { RenewReply, RenewRequest } from '@quarterjack/core/store'
import type { LossWatch } from './loss-watch.ts'

export interface OwnerEras {
  /** Renews, and says what was lost since this owner, or the one it goes on for, last heard. */
  renew(request: RenewRequest, renew: () => Promise<RenewReply>): Promise<RenewReply>
  forget(owner: string): void
}

export function createOwnerEras(watch: Pick<LossWatch, 'era' | 'loss'>): OwnerEras {
  const eras = new Map<string, number>()
  return {
    async renew({ owner, survived }, renew) {
      const known = eras.get(owner)
      const heard = known ?? (survived === undefined ? undefined : eras.get(survived)) ?? watch.era
      eras.set(owner, heard)
      const reply = await renew()
      if (reply.status === 'live' && survived !== undefined) eras.delete(survived)
      if (watch.loss === null || heard === watch.era) return reply
      eras.set(owner, watch.era)
      const lost = watch.loss
      // One that was there before may be unknown to the store, or known with what it held before: it ends.
      if (known !== undefined) return { status: 'dead', held: 0, cancels: [], expired: [], storeNow: reply.storeNow, lost }
      return { ...reply, lost }
    },
    forget: (owner) => void eras.delete(owner),
  }
}
