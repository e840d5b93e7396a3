/** The leases part of the contract: named mutexes with fences and a fair queue. */
import type { AtStoreTime } from './tick.ts'

/** A bid for the lease `name`. The name is that of the gate `mutex:<name>`: jobs with that mutex are excluded too. */
export interface AcquireRequest {
  readonly name: string
  /** Unique per bid. Asking again with the same holder keeps its place in the queue. */
  readonly holder: string
  readonly leaseMs: number
  /** Stand in the queue if the lease is taken; a place not asked for again within `leaseMs` is given up. */
  readonly queue: boolean
  readonly seenFence: number
}

/** `ahead`: waiters before this one. `retryAt`: when asking again makes sense at the latest. */
export type AcquireReply =
  | { readonly granted: true; readonly fence: number; readonly expiresAt: number; readonly storeNow: number }
  | { readonly granted: false; readonly ahead: number; readonly retryAt: number; readonly storeNow: number }

/** A lease as its holder knows it. */
export interface HeldLease {
  readonly name: string
  readonly holder: string
  readonly fence: number
}

/** Named mutexes. */
export interface LeaseStore {
  /** Repeating a granted bid while it lasts is granted again with the same fence. Waiters are served first come, first served. */
  acquire(request: { readonly bids: readonly AcquireRequest[] } & AtStoreTime): Promise<{ readonly replies: readonly AcquireReply[] }>

  /** False where the lease ended or passed on; it is never revived. */
  renew(request: { readonly leases: readonly (HeldLease & { readonly leaseMs: number })[] } & AtStoreTime): Promise<{
    readonly renewed: readonly boolean[]
    readonly storeNow: number
  }>

  /** Releases only what this holder and fence hold. */
  release(request: { readonly leases: readonly HeldLease[] } & AtStoreTime): Promise<{ readonly released: readonly boolean[] }>

  /** Gives up places in the queue, and anything a lost reply granted. */
  withdraw(request: { readonly bids: readonly { readonly name: string; readonly holder: string }[] } & AtStoreTime): Promise<void>
}
