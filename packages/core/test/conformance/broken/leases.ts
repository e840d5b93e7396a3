/** Stores with a defect in named leases. */
import { withVerbs, type BrokenStore } from './with-verbs.ts'

export const BROKEN_LEASES: readonly BrokenStore[] = [
  {
    defect: 'the mutex is unfair: whoever asks first after a release gets it',
    fails: 'lease queue: a newcomer does not pass the queue',
    wrap: (store) =>
      withVerbs(store, {
        leases: { acquire: (request) => store.leases.acquire({ ...request, bids: request.bids.map((bid) => ({ ...bid, queue: false })) }) },
      }),
  },
  {
    defect: 'the fence goes down',
    fails: 'leases: a released lease is free at once, under a larger fence',
    wrap: (store) => {
      const real = new Map<number, number>()
      const shown = (fence: number): number => {
        const known = [...real].find(([, inner]) => inner === fence)
        if (known !== undefined) return known[0]
        const next = 9 * 10 ** 15 - real.size
        real.set(next, fence)
        return next
      }
      return withVerbs(store, {
        leases: {
          async acquire(request) {
            const { replies } = await store.leases.acquire(request)
            return { replies: replies.map((reply) => (reply.granted ? { ...reply, fence: shown(reply.fence) } : reply)) }
          },
          release: (request) =>
            store.leases.release({ ...request, leases: request.leases.map((lease) => ({ ...lease, fence: real.get(lease.fence) ?? 0 })) }),
        },
      })
    },
  },
  {
    defect: 'the highest fence seen is ignored by grants',
    fails: 'leases: a grant passes the highest fence seen',
    wrap: (store) =>
      withVerbs(store, {
        leases: { acquire: (request) => store.leases.acquire({ ...request, bids: request.bids.map((bid) => ({ ...bid, seenFence: 0 })) }) },
      }),
  },
  {
    defect: 'an ended lease is revived by its renewal',
    fails: 'leases: an ended lease is not revived, even if nobody took it',
    wrap: (store) =>
      withVerbs(store, {
        leases: {
          async renew(request) {
            const reply = await store.leases.renew(request)
            const bids = request.leases
              .filter((_, index) => reply.renewed[index] === false)
              .map((lease) => ({ ...lease, queue: false, seenFence: 0 }))
            const { replies } = await store.leases.acquire({ bids, now: request.now })
            const revived = replies.map((one) => one.granted)
            return { ...reply, renewed: reply.renewed.map((renewed) => renewed || (revived.shift() ?? false)) }
          },
        },
      }),
  },
  {
    defect: 'a lease is released without a look at its holder',
    fails: 'leases: only holder and fence together renew and release',
    wrap: (store) => {
      const current = new Map<string, { name: string; holder: string; fence: number }>()
      return withVerbs(store, {
        leases: {
          async acquire(request) {
            const reply = await store.leases.acquire(request)
            for (const [index, one] of reply.replies.entries()) {
              const bid = request.bids[index]
              if (one.granted && bid !== undefined) current.set(bid.name, { name: bid.name, holder: bid.holder, fence: one.fence })
            }
            return reply
          },
          release: (request) =>
            store.leases.release({ ...request, leases: request.leases.map((lease) => current.get(lease.name) ?? lease) }),
        },
      })
    },
  },
  {
    defect: 'two holders at once: leases end while they are held',
    fails: 'leases: a free lease is granted to one holder',
    wrap: (store) =>
      withVerbs(store, {
        leases: {
          async acquire(request) {
            const reply = await store.leases.acquire(request)
            const replies = reply.replies.map((one) =>
              one.granted ? one : { granted: true as const, fence: one.storeNow * 1_000, expiresAt: one.retryAt, storeNow: one.storeNow },
            )
            return { replies }
          },
        },
      }),
  },
  {
    defect: 'withdrawing does not free what a lost reply granted',
    fails: 'lease queue: withdraw frees what a lost reply granted',
    wrap: (store) => withVerbs(store, { leases: { withdraw: () => Promise.resolve() } }),
  },
  {
    defect: 'given instants are ignored by leases',
    fails: 'leases: a lease that is not renewed ends',
    wrap: (store) =>
      withVerbs(store, {
        leases: {
          acquire: ({ bids }) => store.leases.acquire({ bids }),
          renew: ({ leases }) => store.leases.renew({ leases }),
          release: ({ leases }) => store.leases.release({ leases }),
        },
      }),
  },
]
