/** The leases part of the contract. */
import type { AcquireReply, AcquireRequest, HeldLease, LeaseStore } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'
import { createGatherer } from './gather.ts'

type Acquired = Awaited<ReturnType<LeaseStore['acquire']>>
type Released = Awaited<ReturnType<LeaseStore['release']>>

/** Requests with an instant of their own are not gathered with others. */
interface Lot<T> {
  readonly items: readonly T[]
  readonly now: number | undefined
}

export function createLeaseVerbs(call: Call, scripts: Scripts): LeaseStore {
  const acquireAll = (lot: Lot<AcquireRequest>): Promise<readonly Acquired[]> => acquire(call, scripts, lot)
  const releaseAll = (lot: Lot<HeldLease>): Promise<readonly Released[]> => release(call, scripts, lot)
  const acquireOne = createGatherer((items: readonly AcquireRequest[]) => acquireAll({ items, now: undefined }))
  const releaseOne = createGatherer((items: readonly HeldLease[]) => releaseAll({ items, now: undefined }))

  return {
    acquire({ bids, now }) {
      const [bid, ...others] = bids
      if (bid === undefined || others.length > 0) {
        return acquireGenerally(call, scripts, { items: bids, now }).then((replies) => ({ replies }))
      }
      return now === undefined ? acquireOne(bid) : acquireAll({ items: bids, now }).then(([reply]) => reply as Acquired)
    },
    async renew(request) {
      const { storeNow, reply } = await call(scripts.leasesRenew, request)
      return { renewed: list(reply).map(flag), storeNow }
    },
    release({ leases, now }) {
      const [held, ...others] = leases
      if (held === undefined || others.length > 0) {
        return releaseGenerally(call, scripts, { items: leases, now }).then((released) => ({ released }))
      }
      return now === undefined ? releaseOne(held) : releaseAll({ items: leases, now }).then(([reply]) => reply as Released)
    },
    async withdraw(request) {
      await call(scripts.leasesWithdraw, request)
    },
  }
}

/** What nobody else has anything to do with goes the short way; the rest follows, in its order. */
async function acquire(call: Call, scripts: Scripts, { items, now }: Lot<AcquireRequest>): Promise<readonly Acquired[]> {
  const asked = { seenFence: 0, leaseMs: 0, now }
  const texts = ['']
  for (const { name, holder, leaseMs, seenFence } of items) {
    asked.seenFence = Math.max(asked.seenFence, seenFence)
    asked.leaseMs = Math.max(asked.leaseMs, leaseMs)
    texts.push(gateOf(name), holder, String(leaseMs))
  }
  texts[0] = String(asked.seenFence)
  const { storeNow, reply } = await call(scripts.leasesAcquireLone, asked, texts)
  const fences = list(reply)
  const rest = items.filter((_, index) => fences[index] === 0)
  const general = rest.length === 0 ? [] : await acquireGenerally(call, scripts, { items: rest, now })
  let next = 0
  return items.map(({ leaseMs }, index): Acquired => {
    const fence = number(fences[index])
    return {
      replies: [fence === 0 ? (general[next++] as AcquireReply) : { granted: true, fence, expiresAt: storeNow + leaseMs, storeNow }],
    }
  })
}

/** Mutexes of jobs have the same gates. */
function gateOf(name: string): string {
  return `m${name}`
}

async function acquireGenerally(call: Call, scripts: Scripts, { items, now }: Lot<AcquireRequest>): Promise<readonly AcquireReply[]> {
  const { storeNow, reply } = await call(scripts.leasesAcquire, { bids: items, now })
  return list(reply).map((one) => toAcquireReply(one, storeNow))
}

async function release(call: Call, scripts: Scripts, { items, now }: Lot<HeldLease>): Promise<readonly Released[]> {
  const texts: string[] = []
  for (const { name, holder, fence } of items) texts.push(gateOf(name), holder, String(fence))
  const { reply } = await call(scripts.leasesReleaseLone, { now }, texts)
  const released = list(reply).map(flag)
  const rest = items.filter((_, index) => !released[index])
  const general = rest.length === 0 ? [] : await releaseGenerally(call, scripts, { items: rest, now })
  let next = 0
  return released.map((isDone) => ({ released: [isDone || (general[next++] as boolean)] }))
}

async function releaseGenerally(call: Call, scripts: Scripts, { items, now }: Lot<HeldLease>): Promise<readonly boolean[]> {
  const { reply } = await call(scripts.leasesRelease, { leases: items, now })
  return list(reply).map(flag)
}

function toAcquireReply(reply: Reply, storeNow: number): AcquireReply {
  const [granted, first, second] = list(reply)
  if (flag(granted)) return { granted: true, fence: number(first), expiresAt: number(second), storeNow }
  return { granted: false, ahead: number(first), retryAt: number(second), storeNow }
}
