/** The leases part of the store. */
import type { LeaseStore } from '@quarterjack/core/store'
import type { Calls } from './call.ts'

/** What a verb of the contract answers. */
type Reply<Verb extends keyof LeaseStore> = Awaited<ReturnType<LeaseStore[Verb]>> & object

const URGENT = { isUrgent: true }

/** One at a time is what mutexes ask for: functions of their own take that without JSON. */
export function createLeaseVerbs({ call, callWith }: Calls): LeaseStore {
  return {
    async acquire(request) {
      const [bid, ...others] = request.bids
      if (bid !== undefined && others.length === 0 && isPlain(bid)) {
        const { name, holder, leaseMs, queue, seenFence } = bid
        const values = [name, holder, String(leaseMs), String(queue), String(seenFence), ...nowOf(request)]
        const reply = await callWith<Reply<'acquire'>>('leases_acquire_one', values)
        if (reply !== null) return reply
      }
      return call<Reply<'acquire'>>('leases_acquire', request)
    },
    renew: (request) => call<Reply<'renew'>>('leases_renew', request, URGENT),
    async release(request) {
      const [lease, ...others] = request.leases
      if (lease !== undefined && others.length === 0 && isPlain(lease)) {
        const { name, holder, fence } = lease
        const values = [name, holder, String(fence), ...nowOf(request)]
        const reply = await callWith<Reply<'release'>>('leases_release_one', values, URGENT)
        if (reply !== null) return reply
      }
      return call<Reply<'release'>>('leases_release', request, URGENT)
    },
    withdraw: async (request) => void (await call('leases_withdraw', request)),
  }
}

/** Characters that any text may hold; others travel as escapes of JSON. */
const PLAIN = /^[\w.:-]+$/

function isPlain({ name, holder }: { readonly name: string; readonly holder: string }): boolean {
  return PLAIN.test(name) && PLAIN.test(holder)
}

function nowOf({ now }: { readonly now?: number | undefined }): readonly string[] {
  return now === undefined ? [] : [String(now)]
}
