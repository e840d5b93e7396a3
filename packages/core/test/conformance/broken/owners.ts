/** Stores with a defect in the life of owners, and one that forgets whose records it hands out. */
import type { RunRecord } from '../../../src/store/records.ts'
import { withVerbs, type BrokenStore } from './with-verbs.ts'

export const BROKEN_OWNERS: readonly BrokenStore[] = [
  {
    defect: 'a dead owner is revived',
    fails: 'owners: a dead owner is never revived',
    wrap: (store) => {
      const lives = new Map<string, number>()
      const jobs = new Map<string, readonly { readonly job: string; readonly hash: string }[]>()
      const inner = (owner: string): string => `${owner}${lives.get(owner) ?? ''}`
      return withVerbs(store, {
        runs: {
          async renew(request) {
            if (request.jobs !== undefined) jobs.set(request.owner, request.jobs)
            const reply = await store.runs.renew({ ...request, owner: inner(request.owner) })
            if (reply.status === 'live') return reply
            lives.set(request.owner, (lives.get(request.owner) ?? 0) + 1)
            return store.runs.renew({ ...request, owner: inner(request.owner), jobs: jobs.get(request.owner) })
          },
          claim: (request) => store.runs.claim({ ...request, owner: inner(request.owner) }),
        },
      })
    },
  },
  {
    defect: 'expired owners keep their runs',
    fails: 'owners: what an expired owner left is taken over',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          renew: (request) => store.runs.renew({ ...request, leaseMs: request.leaseMs * 1_000 }),
          claim: (request) => store.runs.claim({ ...request, leaseMs: request.leaseMs * 1_000 }),
        },
      }),
  },
  {
    defect: 'leases end too early',
    fails: 'owners: a renewed lease lasts on',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          renew: (request) => store.runs.renew({ ...request, leaseMs: request.leaseMs / 3 }),
          claim: (request) => store.runs.claim({ ...request, leaseMs: request.leaseMs / 3 }),
        },
      }),
  },
  {
    defect: 'a clean leave counts as a failure',
    fails: 'owners: a clean leave gives runs back without burning an attempt',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async leave(request) {
            const { runs } = await store.runs.held({ owner: request.owner })
            const settlements = runs.map((run) => ({
              runId: run.id,
              fence: run.fence,
              outcome: 'failed' as const,
              startedAt: run.startedAt,
              error: null,
              then: { to: 'retry' as const, delayMs: 0 },
            }))
            await store.runs.settle({ owner: request.owner, settlements, now: request.now })
            await store.runs.leave(request)
            return { released: runs.length }
          },
        },
      }),
  },
  {
    defect: 'prefetched runs count as started',
    fails: 'owners: prefetched runs that never started count no attempt and no crash',
    wrap: (store) => withVerbs(store, { runs: { claim: (request) => store.runs.claim({ ...request, start: request.limit }) } }),
  },
  {
    defect: 'crashes of a process that survived are not taken back',
    fails: 'suspects: a process that survived takes its crashes back',
    wrap: (store) => withVerbs(store, { runs: { renew: (request) => store.runs.renew({ ...request, survived: undefined }) } }),
  },
  {
    defect: 'cancel requests do not reach their owner',
    fails: 'cancel: a running run gets a request, which its owner learns with its renewal',
    wrap: (store) => withVerbs(store, { runs: { renew: async (request) => ({ ...(await store.runs.renew(request)), cancels: [] }) } }),
  },
  {
    defect: 'records are handed out that callers can change',
    fails: 'lifecycle: records that were handed out cannot change what is kept',
    wrap: (store) => {
      const cache = new Map<string, { readonly kept: string; readonly record: RunRecord }>()
      const share = (record: RunRecord): RunRecord => {
        const kept = JSON.stringify(record)
        const known = cache.get(record.id)
        if (known !== undefined && known.kept === kept) return known.record
        const fresh = { kept, record: structuredClone(record) }
        cache.set(record.id, fresh)
        return fresh.record
      }
      return withVerbs(store, {
        runs: {
          async get(request) {
            const { runs } = await store.runs.get(request)
            return { runs: runs.map((run) => (run === null ? null : share(run))) }
          },
        },
      })
    },
  },
  {
    defect: 'a closed store goes on',
    fails: 'lifecycle: a closed store refuses every verb',
    wrap: (store) => ({ ...withVerbs(store, {}), close: () => Promise.resolve() }),
  },
]
