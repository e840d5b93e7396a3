/** Stores with a defect in definitions, firing, or the ledger. */
import type { Firing, FireReply, ScheduleStore } from '../../../src/store/schedules.ts'
import type { Store } from '../../../src/store/store.ts'
import { withVerbs, type BrokenStore } from './with-verbs.ts'

type FireRequest = Parameters<ScheduleStore['fire']>[0]

/** Changes each firing before it is carried out. */
function changedFirings(store: Store, change: (firing: Firing) => Firing): Store {
  return withVerbs(store, { schedules: { fire: (request) => store.schedules.fire({ ...request, firings: request.firings.map(change) }) } })
}

/** Fires again, as if it were the current next slot, whatever was refused with `status`. */
function insistentFire(store: Store, status: FireReply['status']): Store {
  const again = async (request: FireRequest, firing: Firing): Promise<FireReply> => {
    const { schedules } = await store.schedules.get({ schedules: [{ job: firing.job, name: firing.name }] })
    const record = schedules[0]
    if (record == null || record.nextSlot === null) return { status, runs: [] }
    const { generation, incarnation, nextSlot } = record
    const runs = firing.runs.map((run, index) => ({ ...run, id: `${run.id.slice(0, -4)}${record.slots}${index}`.padEnd(36, '0') }))
    const forced = { ...firing, generation, incarnation, expectedSlot: nextSlot, through: Math.max(nextSlot, firing.through), runs }
    const { replies } = await store.schedules.fire({ ...request, firings: [forced] })
    return replies[0] ?? { status, runs: [] }
  }
  return withVerbs(store, {
    schedules: {
      async fire(request) {
        const reply = await store.schedules.fire(request)
        const replies: FireReply[] = []
        for (const [index, one] of reply.replies.entries()) {
          const firing = request.firings[index]
          replies.push(one.status === status && firing !== undefined ? await again(request, firing) : one)
        }
        return { ...reply, replies }
      },
    },
  })
}

export const BROKEN_SCHEDULES: readonly BrokenStore[] = [
  {
    defect: 'a job counts as registered since its first dynamic schedule',
    fails: 'stats: static schedules tell since when the job is registered, and which of them never had a slot',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async stats(request) {
            const [reply, { schedules }] = await Promise.all([store.runs.stats(request), store.schedules.list({ limit: 1_000 })])
            const since = (job: string): number | null =>
              schedules.reduce<number | null>(
                (first, one) => (one.job === job ? Math.min(first ?? one.createdAt, one.createdAt) : first),
                null,
              )
            return { ...reply, jobs: reply.jobs.map((one) => ({ ...one, registeredAt: since(one.job) })) }
          },
        },
      }),
  },
  {
    defect: 'a suspended schedule makes its job look suspended',
    fails: 'stats: a suspension of the job, and the end of the last one',
    wrap: (store) =>
      withVerbs(store, {
        runs: {
          async stats(request) {
            const [reply, { schedules }] = await Promise.all([store.runs.stats(request), store.schedules.list({ limit: 1_000 })])
            const suspension = (job: string) => schedules.find((one) => one.job === job && one.suspended !== null)?.suspended ?? null
            return { ...reply, jobs: reply.jobs.map((one) => ({ ...one, suspended: one.suspended ?? suspension(one.job) })) }
          },
        },
      }),
  },
  {
    defect: 'fire is not atomic: the cursor advances, the run is not inserted',
    fails: 'fire: a firing advances the cursor and makes the run',
    wrap: (store) => changedFirings(store, (firing) => ({ ...firing, runs: [] })),
  },
  {
    defect: 'fire is not atomic: the run is inserted, the cursor stays',
    fails: 'fire: a firing advances the cursor and makes the run',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async fire({ firings, now }) {
            const requests = firings.flatMap((firing) =>
              firing.runs.map((run) => ({
                id: run.id,
                job: firing.job,
                key: firing.name,
                trigger: 'schedule' as const,
                payload: null,
                triggers: 1,
                priority: run.priority,
                delayMs: 0,
                runAt: run.runAt,
                overlap: run.overlap,
                skipWhenBusy: false,
                gates: run.gates,
                slot: run.slot,
              })),
            )
            const { storeNow } = await store.runs.enqueue({ requests, now })
            const runs = (firing: Firing): FireReply['runs'] => firing.runs.map(({ id }) => ({ id, state: 'pending', reason: null }))
            return { storeNow, replies: firings.map((firing) => ({ status: 'fired' as const, runs: runs(firing) })) }
          },
        },
      }),
  },
  {
    defect: 'a slot fires twice: the compare-and-set is ignored',
    fails: 'fire: of many nodes that fire one slot exactly one does',
    wrap: (store) => insistentFire(store, 'stale'),
  },
  {
    defect: 'a firing planned on an old definition is carried out',
    fails: 'static schedules: a firing planned on the old generation is stale',
    wrap: (store) => insistentFire(store, 'stale'),
  },
  {
    defect: 'a suspension between due and fire is not seen',
    fails: 'suspension: a job suspended between due and fire does not fire',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async fire(request) {
            const targets = request.firings.map(({ job }) => ({ job, reason: null }))
            await store.schedules.suspend({ targets, now: request.now })
            return store.schedules.fire(request)
          },
        },
      }),
  },
  {
    defect: 'the cursor goes back',
    fails: 'dynamic schedules: a change computed before the last firing is stale',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async set(request) {
            const reply = await store.schedules.set(request)
            const stale = request.schedules.filter((_, index) => reply.replies[index]?.status === 'stale')
            if (stale.length === 0) return reply
            await store.schedules.remove({ schedules: stale })
            return store.schedules.set({ ...request, schedules: stale })
          },
        },
      }),
  },
  {
    defect: 'overlap is ignored',
    fails: 'overlap: skip: a slot is skipped while the slot before it is pending',
    wrap: (store) =>
      changedFirings(store, (firing) => ({ ...firing, runs: firing.runs.map((run) => ({ ...run, overlap: 'allow' as const })) })),
  },
  {
    defect: 'the queue of overlapping slots is unbounded',
    fails: 'overlap: queue: one slot stands behind the running one, the next is skipped',
    wrap: (store) => changedFirings(store, (firing) => ({ ...firing, runs: firing.runs.map((run) => ({ ...run, queueLimit: 1_000 })) })),
  },
  {
    defect: 'due answers with the future',
    fails: 'due: a schedule is due from nextDueAt on, not before',
    wrap: (store) =>
      withVerbs(store, {
        schedules: { due: async (request) => store.schedules.due({ ...request, now: (request.now ?? (await store.now())) + 3_600_000 }) },
      }),
  },
  {
    defect: 'skipped slots are not recorded',
    fails: 'fire: skips are recorded with the firing, and counted if they have a count',
    wrap: (store) => changedFirings(store, (firing) => ({ ...firing, skips: [] })),
  },
  {
    defect: 'equal content counts as a change',
    fails: 'dynamic schedules: equal content changes nothing',
    wrap: (store) => {
      let calls = 0
      return withVerbs(store, {
        schedules: {
          set: (request) => {
            calls++
            return store.schedules.set({ ...request, schedules: request.schedules.map((write) => ({ ...write, payload: String(calls) })) })
          },
        },
      })
    },
  },
  {
    defect: 'a stale registration is half written',
    fails: 'static schedules: a registration is stale as a whole when a cursor moved past asOf',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async register(request) {
            const reply = await store.schedules.register(request)
            const half = request.registrations.filter((_, index) => reply.replies[index]?.status === 'stale')
            await store.schedules.register({ ...request, registrations: half.map((one) => ({ ...one, schedules: [] })) })
            return reply
          },
        },
      }),
  },
  {
    defect: 'the expected generation is ignored',
    fails: 'registration: a registration that expects an old generation is stale and writes nothing',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async register(request) {
            const { jobs } = await store.schedules.load({ jobs: request.registrations.map((one) => one.job) })
            const current = (job: string): number => jobs.find((found) => found.job === job)?.generation ?? 0
            return store.schedules.register({
              ...request,
              registrations: request.registrations.map((one) => ({ ...one, expectedGeneration: current(one.job) })),
            })
          },
        },
      }),
  },
  {
    defect: 'a ledger page says too early that it is the last',
    fails: 'ledger: pages join up to the whole ledger, each record once',
    wrap: (store) =>
      withVerbs(store, { schedules: { ledger: async (request) => ({ ...(await store.schedules.ledger(request)), more: false }) } }),
  },
  {
    defect: 'pruning loses counts',
    fails: "prune the ledger: pruned slots are folded by outcome, so that the ledger's sum holds",
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async get(request) {
            const { schedules } = await store.schedules.get(request)
            return { schedules: schedules.map((record) => (record === null ? null : { ...record, folded: {} })) }
          },
          ledger: async (request) => ({ ...(await store.schedules.ledger(request)), folded: {} }),
        },
      }),
  },
  {
    defect: 'a schedule counts from when it was written',
    fails: 'dynamic schedules: a schedule counts from the instant for which its slots were computed',
    wrap: (store) =>
      withVerbs(store, {
        schedules: {
          async get(request) {
            const { schedules } = await store.schedules.get(request)
            return { schedules: schedules.map((record) => (record === null ? null : { ...record, createdAt: record.createdAt + 3 })) }
          },
        },
      }),
  },
]
