/** What can be done to both stores: made by fast-check as plain data, so that it can be printed, shrunk and done again. */
import * as fc from 'fast-check'
import { WINDOW_DEEDS, WINDOW_WEIGHTS } from './window-deeds.ts'
import { HOLDERS, JOBS, KEYS, MUTEXES, OTHER_NAME, OWNERS, SCHEDULES } from './world.ts'

const anyJob = fc.constantFrom(...JOBS, OTHER_NAME)
const key = fc.constantFrom(...KEYS)
const owner = fc.constantFrom(...OWNERS)
const schedule = fc.constantFrom(...SCHEDULES)
const mutex = fc.constantFrom(...MUTEXES)
const holder = fc.constantFrom(...HOLDERS)
/** Which of those known: 0 is the newest. */
const place = fc.nat(15)
const instant = fc.nat(3_000)
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const reason = fc.option(fc.constantFrom('x', 'y'), { freq: 2 })

const claiming = { owner, limit: fc.constantFrom(1, 2, 5), start: fc.constantFrom(0, 1, 5), seen: rarely }
const claim = fc.record(claiming)
const concurrency = fc.option(fc.constantFrom(1, 2, 3))
const rateLimit = fc.option(fc.constantFrom({ max: 3, perMs: 2_000 }, { max: 1, perMs: 500 }), { freq: 1 })
const gates = fc.record({ job: fc.boolean(), key: fc.boolean(), x: rarely, y: rarely })
const debounce = fc.record({
  waitMs: fc.constantFrom(0, 800),
  maxWaitMs: fc.option(fc.constantFrom(1_000, 100)),
  leading: fc.boolean(),
  trailing: fc.boolean(),
  merge: fc.constantFrom('last' as const, 'first' as const, 'list' as const),
})
const request = fc.record({
  job: anyJob,
  key,
  gates,
  payload: fc.option(fc.constantFrom('1', '"ä"', '{"a":[]}')),
  priority: fc.constantFrom(0, 0, 0, 1, -2),
  delayMs: fc.constantFrom(0, 0, 0, 700),
  /** Relative to now, instead of the delay. */
  runAt: fc.option(fc.constantFrom(-500, 900), { freq: 1 }),
  skipWhenBusy: rarely,
  debounce: fc.option(debounce, { freq: 1 }),
  idempotency: fc.option(fc.constantFrom('p', 'q'), { freq: 1 }),
  slot: rarely,
})
const then = fc.constantFrom(
  { to: 'succeeded', result: null } as const,
  { to: 'succeeded', result: '{"n":1}' } as const,
  { to: 'retry', delayMs: 0 } as const,
  { to: 'retry', delayMs: 600 } as const,
  { to: 'dead', reason: 'x' } as const,
  { to: 'cancelled', reason: 'x' } as const,
  { to: 'skipped', reason: 'handler: x' } as const,
  { to: 'released' } as const,
)

const DEEDS = {
  passTime: fc.record({
    by: fc.oneof(
      { weight: 30, arbitrary: fc.nat(1_500) },
      { weight: 2, arbitrary: fc.constantFrom(5_001, 12_000) },
      { weight: 1, arbitrary: fc.constantFrom(-1, -3_000) },
    ),
  }),
  enqueue: fc.record({
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    claim: fc.option(claim),
    again: fc.option(place, { freq: 1 }),
  }),
  fire: fc.record({
    job: anyJob,
    name: schedule,
    slots: fc.constantFrom(1, 1, 2, 3),
    overlap: fc.constantFrom('skip' as const, 'queue' as const, 'replace' as const, 'allow' as const),
    queueLimit: fc.constantFrom(1, 2),
    gates,
    jitter: fc.constantFrom(0, 50),
    isLast: rarely,
    skips: fc.option(
      fc.record({ reason: fc.constantFrom('misfire' as const, 'suspended' as const, 'excluded' as const), isCounted: fc.boolean() }),
    ),
    claim: fc.option(claim),
    /** Also when it is not due. */
    isEarly: rarely,
    /** Before now. */
    lookedAgo: fc.option(fc.constantFrom(0, 400, 5_000), { freq: 1 }),
    /** With a firing that was sent before. */
    again: fc.option(place, { freq: 1 }),
  }),
  /** Of one job: which comes first is a matter of fairness, in which stores may differ. */
  claim: fc.record({ ...claiming, job: anyJob, most: fc.option(fc.nat(2), { freq: 1 }) }),
  settle: fc.record({
    places: fc.array(place, { minLength: 1, maxLength: 3 }),
    then,
    outcome: fc.constantFrom('succeeded' as const, 'failed' as const, 'timedOut' as const),
    /** Before now; null: it never started. */
    startedAgo: fc.option(instant, { freq: 4 }),
    hasError: fc.boolean(),
    holdGates: rarely,
    isTwice: rarely,
    following: fc.option(request, { freq: 1 }),
    again: fc.option(place, { freq: 1 }),
  }),
  releaseGates: fc.record({ place }),
  renew: fc.record({
    owner,
    jobs: fc.option(fc.subarray([...JOBS, OTHER_NAME])),
    hash: fc.constantFrom('h', 'g'),
    idleMs: fc.constantFrom(0, 3_000),
    started: fc.array(place, { maxLength: 3 }),
    progress: fc.option(place),
    survived: fc.option(place, { freq: 1 }),
  }),
  leave: fc.record({ owner, isFormer: rarely }),
  cancel: fc.record({ places: fc.array(place, { minLength: 1, maxLength: 2 }), reason: fc.constantFrom('x', 'y') }),
  prune: fc.record({
    succeeded: fc.constantFrom(0, 1, 3),
    dead: fc.constantFrom(0, 2),
    forMs: fc.constantFrom(2_000, 20_000),
    jobs: fc.subarray([...JOBS, OTHER_NAME], { minLength: 1 }),
    limit: fc.constantFrom(1, 3, 100),
    graceMs: fc.constantFrom(0, 0, 1_500, 6_000),
  }),
  set: fc.record({
    job: anyJob,
    name: fc.constantFrom('k' as const, 'l' as const),
    key: fc.option(key, { freq: 1 }),
    spec: fc.constantFrom('"s"', '"t"'),
    payload: fc.option(fc.constant('7')),
    ago: fc.constantFrom(0, 0, 0, 400, 5_000),
    isEmpty: rarely,
  }),
  remove: fc.record({ job: anyJob, name: schedule }),
  quarantine: fc.record({ job: anyJob, name: schedule, isStale: rarely }),
  suspend: fc.record({ job: anyJob, name: fc.option(schedule), reason }),
  register: fc.record({
    job: anyJob,
    hash: fc.constantFrom('h', 'g', 'f'),
    concurrency,
    rateLimit,
    statics: fc.subarray(['#0', '#1'] as const),
    spec: fc.constantFrom('"s"', '"t"'),
    renamedFrom: fc.option(anyJob, { freq: 1 }),
    isStale: rarely,
  }),
  retire: fc.record({ jobs: fc.subarray([...JOBS, OTHER_NAME], { minLength: 1, maxLength: 2 }) }),
  acquire: fc.record({ name: mutex, holder, leaseMs: fc.constantFrom(1_500, 4_000), queue: fc.boolean(), seen: rarely }),
  renewLease: fc.record({ place, leaseMs: fc.constantFrom(1_500, 4_000) }),
  releaseLease: fc.record({ place }),
  withdraw: fc.record({ name: mutex, holder }),
  countSkips: fc.record({ job: anyJob, name: schedule, count: fc.nat(4) }),
  due: fc.record({ owner, limit: fc.constantFrom(1, 2, 100), aheadMs: fc.option(fc.constantFrom(0, 100, 1_000), { freq: 1 }) }),
  held: fc.record({ owner }),
  find: fc.record({
    job: fc.option(anyJob),
    key: fc.option(key, { freq: 1 }),
    state: fc.option(fc.constantFrom('pending' as const, 'waiting' as const, 'running' as const, 'skipped' as const), { freq: 1 }),
    schedule: fc.option(schedule, { freq: 1 }),
    after: fc.option(place, { freq: 1 }),
    createdAgo: fc.option(fc.record({ before: instant, after: instant }), { freq: 1 }),
    limit: fc.constantFrom(1, 3, 1_000),
  }),
  look: fc.record({ at: fc.constantFrom('stats' as const, 'gates' as const, 'load' as const, 'list' as const) }),
  list: fc.record({ job: fc.option(anyJob), after: fc.option(fc.record({ job: anyJob, name: schedule })), limit: fc.constantFrom(1, 3) }),
  ledger: fc.record({ job: anyJob, name: schedule, limit: fc.constantFrom(1, 2, 100), ago: fc.option(instant) }),
  ...WINDOW_DEEDS,
} as const

/** How often each is done. */
const WEIGHTS: { readonly [Name in Exclude<keyof typeof DEEDS, keyof typeof WINDOW_DEEDS>]: number } = {
  passTime: 12,
  enqueue: 12,
  fire: 10,
  claim: 12,
  settle: 12,
  releaseGates: 2,
  renew: 6,
  leave: 1,
  cancel: 3,
  prune: 2,
  set: 4,
  remove: 1,
  quarantine: 1,
  suspend: 3,
  register: 4,
  retire: 1,
  acquire: 4,
  renewLease: 2,
  releaseLease: 2,
  withdraw: 2,
  countSkips: 2,
  due: 3,
  held: 1,
  find: 2,
  look: 3,
  list: 1,
  ledger: 2,
}

type DeedOf<Name extends keyof typeof DEEDS> =
  (typeof DEEDS)[Name] extends fc.Arbitrary<infer Choices> ? { readonly do: Name } & Readonly<Choices> : never

/** One of them. */
export type Deed = { readonly [Name in keyof typeof DEEDS]: DeedOf<Name> }[keyof typeof DEEDS]
/** One of a kind. */
export type DeedNamed<Name extends keyof typeof DEEDS> = DeedOf<Name>

type Weights = { readonly [Name in keyof typeof DEEDS]?: number }

/** Any of some, as often as their weights say. */
const anyOf = (weights: Weights): fc.Arbitrary<Deed> =>
  fc.oneof(
    ...Object.entries(weights).map(([name, weight]) => ({
      weight,
      arbitrary: (DEEDS[name as keyof typeof DEEDS] as fc.Arbitrary<object>).map((chosen) => ({ do: name, ...chosen }) as Deed),
    })),
  )

/** Any that has nothing to do with rollups. */
export const anyDeed: fc.Arbitrary<Deed> = anyOf(WEIGHTS)

/** Any that has to do with rollups, and what happens to the runs that refresh them. */
export const anyDeedOfWindows: fc.Arbitrary<Deed> = anyOf({
  ...WINDOW_WEIGHTS,
  passTime: 20,
  enqueue: 8,
  claim: 10,
  settle: 8,
  renew: 14,
  leave: 2,
})
