/** Every verb that a busy service calls again and again, in rounds that leave the tables as they found them. */
import {
  keyGate,
  type ClaimedRun,
  type EnqueueRequest,
  type Firing,
  type Registration,
  type ScheduleRecord,
  type Settlement,
  type Store,
} from '@quarterjack/core/store'
import { enqueueRequest } from '../store/requests.ts'
import { JOBS, KEEP, keyOf, NOW } from './fill-tables.ts'

/** Schedules that are due in each round. */
export const BUSY = 20

const MINUTE_MS = 60_000
const LEASE_MS = 1_000_000_000
const OWNER = 'owner'

/** Carries a call out, and looks at it. */
export type Watch = <Result>(verb: string, call: () => Promise<Result>) => Promise<Result>

/** Registers the jobs, `others` among them, and the owner that plays: it knows them all. */
export async function joinStore(store: Store, others: Readonly<Record<string, Partial<Registration>>> = {}): Promise<void> {
  const definitions = { ...Object.fromEntries(JOBS.map((job) => [job, {}])), plain: { concurrency: 100 }, ...others }
  const registrations = Object.entries(definitions).map(([job, given]) => ({
    ...{ job, hash: job, expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] },
    ...given,
  }))
  await store.schedules.register({ registrations, now: NOW })
  await store.runs.renew({
    owner: OWNER,
    leaseMs: LEASE_MS,
    jobs: Object.keys(definitions).map((job) => ({ job, hash: job })),
    started: [],
    progress: [],
    now: NOW,
  })
}

/** One round; rounds are counted from 0, over all that play on the same tables. */
export async function playRound(store: Store, round: number, watch: Watch): Promise<void> {
  const now = NOW + round * MINUTE_MS
  const claim = { owner: OWNER, leaseMs: LEASE_MS, limit: BUSY, start: BUSY, seenFence: 0 }
  const idOf = (what: string, n: number): string => `1${String(round).padStart(6, '0')}-${what}-${n}`
  const request = (job: string, n: number, given: Partial<EnqueueRequest> = {}): EnqueueRequest =>
    enqueueRequest(job, {
      id: idOf(job, n),
      key: job === 'plain' ? '' : keyOf(n),
      payload: '{"days":7}',
      gates: job === 'plain' ? ['job:plain'] : [],
      ...given,
    })
  const settle = (verb: string, runs: readonly ClaimedRun[], thenOf: (n: number) => Settlement['then'] = succeed): Promise<unknown> =>
    watch(verb, () => store.runs.settle({ owner: OWNER, settlements: runs.map((run, n) => settlementOf(run, thenOf(n))), now }))

  const { schedules } = await watch('schedules.due', () => store.schedules.due({ owner: OWNER, limit: 100, now }))
  expectCount('due schedules', schedules.length, BUSY)
  const fired = await watch('schedules.fire, claiming', () => store.schedules.fire({ firings: schedules.map(firingOf), claim, now }))
  const slots = fired.replies.flatMap(({ runs }) => runs.flatMap(({ claimed }) => claimed ?? []))
  expectCount('runs of slots', slots.length, BUSY)
  const progress = slots.map(({ record }) => ({ runId: record.id, fence: record.fence, progress: '"half"' }))
  await watch('runs.renew', () => store.runs.renew({ owner: OWNER, leaseMs: LEASE_MS, started: [], progress, now }))
  await settle('runs.settle, slots', slots)

  // One of them without a key, among all those with one.
  const triggers = Array.from({ length: 10 }, (_, n) => request('report', n, n === 9 ? { key: '' } : {}))
  await watch('runs.enqueue', () => store.runs.enqueue({ requests: triggers, now }))
  const { runs } = await watch('runs.claim', () => store.runs.claim({ ...claim, now }))
  if (round > 0) expectCount('claimed runs', runs.length, 14)
  await settle('runs.settle, triggers', runs, (n) =>
    n === 0 ? { to: 'retry', delayMs: 1_000 } : n === 1 ? { to: 'dead', reason: 'failed' } : succeed(),
  )

  const atOnce = Array.from({ length: 10 }, (_, n) => request('plain', n))
  const { replies } = await watch('runs.enqueue, claiming', () => store.runs.enqueue({ requests: atOnce, claim, now }))
  const plain = replies.flatMap(({ claimed }) => claimed ?? [])
  expectCount('runs claimed at once', plain.length, 10)
  await settle('runs.settle, gates', plain)

  const special = [
    ...Array.from({ length: 6 }, (_, n) => request('report', n % 3, { id: idOf('debounced', n), trigger: 'debounce', debounce: DEBOUNCE })),
    ...Array.from({ length: 3 }, (_, n) =>
      request('plain', n, {
        id: idOf('idempotent', n),
        gates: [],
        idempotency: { key: String(Math.max(n - 1, 0) + round * 10), ttlMs: MINUTE_MS },
      }),
    ),
  ]
  await watch('runs.enqueue, debounced and idempotent', () => store.runs.enqueue({ requests: special, now }))
  await settle('runs.settle, few', (await watch('runs.claim, few', () => store.runs.claim({ ...claim, now }))).runs)

  const bids = [{ name: 'one', holder: idOf('holder', 0), leaseMs: LEASE_MS, queue: true, seenFence: 0 }]
  const acquired = await watch('leases.acquire', () => store.leases.acquire({ bids, now }))
  const leases = acquired.replies.flatMap((reply, n) => (reply.granted ? [{ ...bids[n]!, fence: reply.fence }] : []))
  expectCount('leases', leases.length, 1)
  await watch('leases.renew', () => store.leases.renew({ leases, now }))
  await watch('leases.release', () => store.leases.release({ leases, now }))

  const ids = Array.from({ length: 10 }, (_, n) => `0197${(1_000_000_000 + n * 7).toString(16).padStart(28, '0')}`)
  await watch('runs.get', () => store.runs.get({ ids }))
  await watch('runs.find, of a job', () => store.runs.find({ job: 'report', limit: 50 }))
  await watch('runs.find, of a key', () => store.runs.find({ job: 'report', key: keyOf(50), limit: 50 }))
  await watch('runs.find, of a schedule', () => store.runs.find({ job: 'sync', schedule: keyOf(50), limit: 50 }))
  await watch('runs.find, the dead', () => store.runs.find({ states: ['dead'], limit: 50 }))
  await watch('runs.find, the dead of a job', () => store.runs.find({ job: 'report', states: ['dead'], limit: 50 }))
  await watch('runs.find, a later page', () => store.runs.find({ limit: 50, after: ids[9] }))
  await watch('schedules.ledger', () => store.schedules.ledger({ job: 'sync', name: keyOf(50), after: null, limit: 50 }))
  await watch('schedules.list, a later page', () => store.schedules.list({ after: { job: 'sync', name: keyOf(20) }, limit: 50 }))
  await watch('runs.stats', () => store.runs.stats({ jobs: JOBS, now }))
  await watch('runs.prune', () => store.runs.prune({ rules: KEEP, limit: 1_000, now }))
}

const DEBOUNCE = { waitMs: 1_000, maxWaitMs: null, leading: false, trailing: true, merge: 'last' } as const

const succeed = (): Settlement['then'] => ({ to: 'succeeded', result: '{"rows":42}' })

function settlementOf({ record }: ClaimedRun, then: Settlement['then']): Settlement {
  const outcome = then.to === 'succeeded' ? 'succeeded' : 'failed'
  const error = then.to === 'succeeded' ? null : { name: 'Error', message: 'the other side said no', stack: '' }
  return { runId: record.id, fence: record.fence, outcome, startedAt: record.startedAt, error, then }
}

function firingOf(schedule: ScheduleRecord): Firing {
  const slot = schedule.nextSlot ?? 0
  const gates = [keyGate(schedule.job, schedule.key)]
  return {
    job: schedule.job,
    name: schedule.name,
    incarnation: schedule.incarnation,
    generation: schedule.generation,
    expectedSlot: slot,
    through: slot,
    nextSlot: slot + MINUTE_MS,
    nextDueAt: slot + MINUTE_MS,
    runs: [{ id: `${schedule.incarnation}-${slot}`, slot, runAt: slot, priority: 0, overlap: 'skip', queueLimit: 1, gates }],
    skips: [],
  }
}

function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${found} ${what} in a round; there should be ${expected}.`)
}
