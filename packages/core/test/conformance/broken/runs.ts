/** Stores with a defect in enqueueing, claiming, owners, or settling. */
import type { RunRecord } from '../../../src/store/records.ts'
import type { EnqueueRequest, RunStore, Settlement } from '../../../src/store/runs.ts'
import type { Store } from '../../../src/store/store.ts'
import { otherTurn, withVerbs, type BrokenStore } from './with-verbs.ts'

type SettleRequest = Parameters<RunStore['settle']>[0]

function changedRequests(store: Store, change: (request: EnqueueRequest) => EnqueueRequest): Store {
  return withVerbs(store, { runs: { enqueue: (request) => store.runs.enqueue({ ...request, requests: request.requests.map(change) }) } })
}

function changedSettlements(store: Store, change: (settlement: Settlement) => Settlement): Store {
  return withVerbs(store, {
    runs: { settle: (request) => store.runs.settle({ ...request, settlements: request.settlements.map(change) }) },
  })
}

async function recordOf(store: Store, id: string): Promise<RunRecord | null> {
  return (await store.runs.get({ ids: [id] })).runs[0] ?? null
}

/** Settles each run as if its settlement came from whoever holds it now. */
async function settleUnfenced(store: Store, request: SettleRequest): ReturnType<RunStore['settle']> {
  const replies = []
  for (const settlement of request.settlements) {
    const current = await recordOf(store, settlement.runId)
    const fence = current?.fence ?? settlement.fence
    const one = await store.runs.settle({ ...request, owner: current?.owner ?? request.owner, settlements: [{ ...settlement, fence }] })
    replies.push(...one.replies)
  }
  return { storeNow: request.now ?? (await store.now()), replies }
}

export const BROKEN_RUNS: readonly BrokenStore[] = [
  {
    defect: 'no fencing: a late settlement is taken for the current one',
    fails: 'settle: a stale fence is refused and changes nothing',
    wrap: (store) => withVerbs(store, { runs: { settle: (request) => settleUnfenced(store, request) } }),
  },
  {
    defect: 'settle is not idempotent: the repeated settlement is refused',
    fails: 'settle: the same settlement twice is settled twice, and counted once',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async settle(request) {
            const before = await store.runs.get({ ids: request.settlements.map((one) => one.runId) })
            const reply = await store.runs.settle(request)
            const replies = reply.replies.map((one, index) =>
              before.runs[index]?.state === 'running' ? one : { ...one, status: 'stale' as const },
            )
            return { ...reply, replies }
          },
        },
      }),
  },
  {
    defect: 'settle is not idempotent: what follows a success is made again',
    fails: 'settle: runs after a success are made in the same write, once',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async settle(request) {
            const settlements = request.settlements.map((one) => ({ ...one, enqueue: [] }))
            const reply = await store.runs.settle({ ...request, settlements })
            await store.runs.enqueue({ requests: request.settlements.flatMap((one) => one.enqueue ?? []), now: request.now })
            return reply
          },
        },
      }),
  },
  {
    defect: 'a lost trigger: one that arrives while its run runs is swallowed',
    fails: 'debounced runs: a trigger that arrives while the run runs leads to one more run',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async enqueue(request) {
            const { runs } = await store.runs.find({ states: ['running'], limit: 100 })
            const busy = (one: EnqueueRequest): RunRecord | undefined =>
              one.debounce === undefined ? undefined : runs.find((run) => run.job === one.job && run.key === one.key)
            const reply = await store.runs.enqueue({ ...request, requests: request.requests.filter((one) => busy(one) === undefined) })
            const written = [...reply.replies]
            const replies = request.requests.map((one) => {
              const run = busy(one)
              return run === undefined
                ? (written.shift() ?? { outcome: 'created' as const, id: one.id })
                : { outcome: 'coalesced' as const, id: run.id }
            })
            return { ...reply, replies }
          },
        },
      }),
  },
  {
    defect: 'maxWait is ignored: triggers can put a run off for ever',
    fails: 'debounce: maxWait bounds the delay from the first trigger on',
    wrap: (store) =>
      changedRequests(store, (one) => (one.debounce === undefined ? one : { ...one, debounce: { ...one.debounce, maxWaitMs: null } })),
  },
  {
    defect: 'payloads to be merged are lost but for the last',
    fails: 'debounce: merge list keeps every payload, oldest first',
    wrap: (store) =>
      changedRequests(store, (one) => (one.debounce === undefined ? one : { ...one, debounce: { ...one.debounce, merge: 'last' } })),
  },
  {
    defect: 'idempotency keys are ignored',
    fails: 'idempotency keys: an idempotency key answers with the first run',
    wrap: (store) => changedRequests(store, (one) => ({ ...one, idempotency: undefined })),
  },
  {
    defect: 'idempotency keys are checked first and written later',
    fails: 'idempotency keys: of requests at the same time with one idempotency key one makes a run',
    wrap: (store) => {
      const known = new Map<string, string>()
      return withVerbs(store, {
        runs: {
          async enqueue(request) {
            const fresh = request.requests.filter((one) => !known.has(`${one.job} ${one.idempotency?.key ?? one.id}`))
            await otherTurn()
            await store.runs.enqueue({ ...request, requests: fresh.map((one) => ({ ...one, idempotency: undefined })) })
            for (const one of fresh) known.set(`${one.job} ${one.idempotency?.key ?? one.id}`, one.id)
            const replies = request.requests.map((one) => ({
              outcome: fresh.includes(one) ? ('created' as const) : ('duplicate' as const),
              id: known.get(`${one.job} ${one.idempotency?.key ?? one.id}`) ?? one.id,
            }))
            return { storeNow: request.now ?? (await store.now()), replies }
          },
        },
      })
    },
  },
  {
    defect: 'idempotency keys never expire',
    fails: 'idempotency keys: an idempotency key expires',
    wrap: (store) =>
      changedRequests(store, (one) =>
        one.idempotency === undefined ? one : { ...one, idempotency: { ...one.idempotency, ttlMs: 10 ** 10 } },
      ),
  },
  {
    defect: 'gates are not enforced',
    fails: 'gates: a mutex holds over jobs',
    wrap: (store) => changedRequests(store, (one) => ({ ...one, gates: [] })),
  },
  {
    defect: 'a gate is leaked when its run ends',
    fails: 'gates: every way to end an attempt frees its gates',
    wrap: (store) => changedSettlements(store, (one) => ({ ...one, holdGates: true })),
  },
  {
    defect: 'a stuck handler loses its gates',
    fails: 'gates held on: holdGates keeps the gates of a settled run until they are released',
    wrap: (store) => changedSettlements(store, (one) => ({ ...one, holdGates: false })),
  },
  {
    defect: 'priority is ignored',
    fails: 'claim: higher priority comes first, then the earlier runAt',
    wrap: (store) => changedRequests(store, (one) => ({ ...one, priority: 0 })),
  },
  {
    defect: 'unknown jobs are claimed',
    fails: 'claim: runs of jobs that the owner does not know are never claimed, and block nothing',
    wrap: (store) => {
      const all = new Map<string, string>()
      return withVerbs(store, {
        schedules: {
          register: (request) => {
            for (const { job, hash } of request.registrations) all.set(job, hash)
            return store.schedules.register(request)
          },
        },
        runs: { renew: (request) => store.runs.renew({ ...request, jobs: [...all].map(([job, hash]) => ({ job, hash })) }) },
      })
    },
  },
  {
    defect: 'the first job with work is served until it has none',
    fails: 'claim: a job with many runs does not starve another',
    wrap: (store) => {
      const known: string[] = []
      return withVerbs(store, {
        runs: {
          renew: (request) => {
            known.push(...(request.jobs ?? []).map((one) => one.job))
            return store.runs.renew(request)
          },
          async claim(request) {
            let reply = await store.runs.claim({ ...request, limit: 0, start: 0 })
            for (const job of known) {
              const limit = request.limit - reply.runs.length
              const perJob = Object.fromEntries(known.map((other) => [other, other === job ? limit : 0]))
              const more = await store.runs.claim({ ...request, limit, start: limit, perJob })
              reply = { ...more, runs: [...reply.runs, ...more.runs] }
            }
            return reply
          },
        },
      })
    },
  },
  {
    defect: 'rate limits are ignored',
    fails: 'claim: a rate limit bounds claims in each window, which opens with a claim',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          register: (request) =>
            store.schedules.register({ ...request, registrations: request.registrations.map((one) => ({ ...one, rateLimit: null })) }),
        },
      }),
  },
  {
    defect: 'the highest fence seen is ignored by claims',
    fails: 'claim: fences grow with every claim and pass the highest one seen',
    wrap: (store) => withVerbs(store, { runs: { claim: (request) => store.runs.claim({ ...request, seenFence: 0 }) } }),
  },
  {
    defect: 'the next run is not announced',
    fails: 'ticks: nextRunAt is the earliest pending run that the owner could claim',
    wrap: (store) =>
      withVerbs(store, {
        schedules: { due: async (request) => ({ ...(await store.schedules.due(request)), nextRunAt: null }) },
        runs: {
          claim: async (request) => ({ ...(await store.runs.claim(request)), nextRunAt: null }),
          renew: async (request) => ({ ...(await store.runs.renew(request)), nextRunAt: null }),
        },
      }),
  },
  {
    defect: 'history is given oldest first',
    fails: 'history: find gives the newest first, at most limit',
    wrap: (store) =>
      withVerbs(store, { runs: { find: async (request) => ({ runs: [...(await store.runs.find(request)).runs].reverse() }) } }),
  },
  {
    defect: 'pruning spares nothing: a repeated request makes its run again',
    fails: 'prune with a grace: a request that is repeated within the grace does not make its run again',
    wrap: (store) => withVerbs(store, { runs: { prune: (request) => store.runs.prune({ ...request, graceMs: 0 }) } }),
  },
  {
    defect: 'pruning ignores the key',
    fails: 'prune: keys are counted apart',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          enqueue: (request) => store.runs.enqueue({ ...request, requests: request.requests.map((one) => ({ ...one, key: '' })) }),
        },
      }),
  },
]
