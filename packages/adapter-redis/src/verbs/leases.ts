/** The leases part of the contract. */
import type { AcquireReply, LeaseStore } from '@quarterjack/core/store'
import type { Reply } from '../client/redis-client.ts'
import { flag, list, number } from '../rows/reply-reader.ts'
import type { Scripts } from '../scripts/scripts.ts'
import type { Call } from './call.ts'

export function createLeaseVerbs(call: Call, scripts: Scripts): LeaseStore {
  return {
    async acquire(request) {
      const [bid, ...others] = request.bids
      if (bid !== undefined && others.length === 0) {
        const lone = await call(scripts.leasesAcquireOne, { ...bid, now: request.now })
        if (lone.reply !== 0) return { replies: [toAcquireReply([1, ...list(lone.reply)], lone.storeNow)] }
      }
      const { storeNow, reply } = await call(scripts.leasesAcquire, request)
      return { replies: list(reply).map((one) => toAcquireReply(one, storeNow)) }
    },
    async renew(request) {
      const { storeNow, reply } = await call(scripts.leasesRenew, request)
      return { renewed: list(reply).map(flag), storeNow }
    },
    async release(request) {
      const [held, ...others] = request.leases
      if (held !== undefined && others.length === 0) {
        const { reply } = await call(scripts.leasesReleaseOne, { ...held, now: request.now })
        if (reply !== 0) return { released: [true] }
      }
      const { reply } = await call(scripts.leasesRelease, request)
      return { released: list(reply).map(flag) }
    },
    async withdraw(request) {
      await call(scripts.leasesWithdraw, request)
    },
  }
}

function toAcquireReply(reply: Reply, storeNow: number): AcquireReply {
  const [granted, first, second] = list(reply)
  if (flag(granted)) return { granted: true, fence: number(first), expiresAt: number(second), storeNow }
  return { granted: false, ahead: number(first), retryAt: number(second), storeNow }
}
