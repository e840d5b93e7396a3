/** Random work on one store, many seeds: after each verb everything inside agrees, and no room idles while a run waits for it. */
import { describe, expect, it } from 'vitest'
import { cancelRuns } from '../../src/memory/cancel.ts'
import { claim } from '../../src/memory/claim.ts'
import { enqueue } from '../../src/memory/enqueue.ts'
import { fire } from '../../src/memory/fire.ts'
import { acquire, releaseLeases, withdrawBids } from '../../src/memory/leases.ts'
import { readLedger } from '../../src/memory/ledger.ts'
import { getSchedules } from '../../src/memory/list-schedules.ts'
import { prune } from '../../src/memory/prune.ts'
import { load, register } from '../../src/memory/register.ts'
import { leave, renew } from '../../src/memory/renew.ts'
import { releaseHeldGates, settle } from '../../src/memory/settle.ts'
import { createState, type MemoryState } from '../../src/memory/state.ts'
import { suspend } from '../../src/memory/suspend.ts'
import { setSchedules } from '../../src/memory/write-schedule.ts'
import { seededRandom, type Random } from '../../src/random/random.ts'
import { jobGate, keyGate, mutexGate } from '../../src/store/gates.ts'
import type { RunRecord, ScheduleRecord } from '../../src/store/records.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { checkState, idleRuns } from './check-state.ts'

const SEEDS = { full: 300, soak: 1_000 }[process.env.QJ_TEST_TIER ?? ''] ?? 25
const STEPS = 250
const LEASE = 5_000
const JOBS = ['mail', 'report', 'sync']
const OWNERS = ['a', 'b', 'c']

interface World {
  readonly state: MemoryState
  readonly random: Random
  now: number
  ids: number
  /** Claimed runs that nobody settled yet, also those that were taken away meanwhile. */
  claimed: RunRecord[]
  readonly stuck: RunRecord[]
  /** Present id of each process. */
  readonly owners: Map<string, string>
  readonly fired: Map<string, number>
}

describe('random work', () => {
  it(`keeps ${SEEDS} worlds in order`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = createWorld(seed)
      for (let step = 0; step < STEPS; step++) {
        const deed = pick(world, DEEDS)
        deed(world)
        try {
          checkState(world.state)
        } catch (error) {
          throw new Error(`seed ${seed}, step ${step}, ${deed.name}`, { cause: error })
        }
      }
      expect(finishAll(world), `seed ${seed}: runs that never ended`).toEqual([])
      checkState(world.state)
      checkLedgers(world)
    }
  })

  it('claims everything that could be claimed', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = createWorld(seed)
      for (let step = 0; step < STEPS; step++) {
        pick(world, DEEDS)(world)
        if (step % 5 !== 0) continue
        // A fresh process each time: the last one may have died, or hold a suspect.
        const owner = `everyone-${step}`
        renewAs(world, owner, [...JOBS, 'renamed'])
        const { runs } = claim(world.state, { owner, leaseMs: LEASE, limit: 1_000, start: 1_000, seenFence: 0, now: world.now })
        world.claimed.push(...runs.map((run) => run.record))
        expect(idleRuns(world.state), `seed ${seed}, step ${step}`).toEqual([])
        checkState(world.state)
      }
    }
  })
})

function createWorld(seed: number): World {
  const state = createState(fakeClock())
  const world: World = {
    state,
    random: seededRandom(seed),
    now: 1_000_000,
    ids: 0,
    claimed: [],
    stuck: [],
    owners: new Map(OWNERS.map((name) => [name, name])),
    fired: new Map(),
  }
  for (const job of JOBS) {
    define(world, job)
    for (const key of ['k', 'l']) set(world, job, key)
  }
  for (const name of OWNERS) renewAs(world, name, JOBS)
  return world
}

function define(world: World, job: string): void {
  const generation = load(world.state, { jobs: [job] }).jobs[0]?.generation ?? 0
  const concurrency = pick(world, [null, 1, 2, 3])
  const rateLimit = pick(world, [null, null, { max: 3, perMs: 2_000 }])
  register(world.state, {
    registrations: [{ job, hash: `h${world.ids++}`, expectedGeneration: generation, concurrency, rateLimit, schedules: [] }],
    now: world.now,
  })
}

function set(world: World, job: string, name: string): void {
  const asOf = world.now
  const spec = pick(world, ['x', 'y'])
  const nextSlot = asOf + 500
  const write = { job, name, key: name, incarnation: `i${world.ids++}`, spec, payload: null, asOf, nextSlot, nextDueAt: nextSlot }
  setSchedules(world.state, { schedules: [write], now: world.now })
}

function renewAs(world: World, owner: string, jobs: readonly string[]): string {
  const { status } = renew(world.state, {
    owner,
    leaseMs: LEASE,
    jobs: jobs.map((job) => ({ job, hash: 'h' })),
    started: [],
    progress: [],
    now: world.now,
  })
  return status
}

const DEEDS: readonly ((world: World) => void)[] = [
  passTime,
  trigger,
  trigger,
  trigger,
  fireSlot,
  fireSlot,
  claimSome,
  claimSome,
  claimSome,
  settleOne,
  settleOne,
  settleOne,
  releaseStuck,
  cancelOne,
  renewOne,
  leaveOne,
  suspendOne,
  useMutex,
  redefine,
  reschedule,
  pruneSome,
  renameBack,
]

function passTime(world: World): void {
  // Now and then beyond every lease; rarely, the clock steps back.
  world.now += world.random() < 0.03 ? -3_000 : world.random() < 0.05 ? LEASE + 1 : Math.floor(world.random() * 1_500)
}

function trigger(world: World): void {
  const { random } = world
  const job = pick(world, JOBS)
  const key = pick(world, ['k', 'l', 'm'])
  const all = [jobGate(job), keyGate(job, key), mutexGate('x'), mutexGate('y')]
  const debounce = {
    waitMs: pick(world, [0, 800]),
    maxWaitMs: pick(world, [null, 1_000]),
    leading: random() < 0.4,
    trailing: random() < 0.7,
    merge: pick(world, ['last', 'first', 'list'] as const),
  }
  const isDebounced = random() < 0.3
  const { replies } = enqueue(world.state, {
    requests: [
      {
        id: `run-${String(world.ids++).padStart(6, '0')}`,
        job,
        key,
        trigger: isDebounced ? 'debounce' : 'manual',
        payload: '1',
        triggers: 1,
        priority: pick(world, [0, 0, 1]),
        delayMs: pick(world, [0, 0, 0, 700]),
        overlap: 'allow',
        skipWhenBusy: random() < 0.1,
        gates: all.filter(() => random() < 0.5),
        ...(isDebounced ? { debounce } : {}),
        ...(random() < 0.1 ? { idempotency: { key: pick(world, ['p', 'q']), ttlMs: 2_000 } } : {}),
      },
    ],
    ...(random() < 0.4 ? { claim: claimAs(world, pick(world, OWNERS)) } : {}),
    now: world.now,
  })
  for (const { claimed } of replies) if (claimed !== undefined) world.claimed.push(claimed.record)
}

function fireSlot(world: World): void {
  const job = pick(world, JOBS)
  const name = pick(world, ['k', 'l'])
  const record = getSchedules(world.state, { schedules: [{ job, name }] }).schedules[0]
  if (record?.nextSlot === null || record?.nextSlot === undefined || record.nextSlot > world.now) return
  const slot = record.nextSlot
  const gates = [jobGate(job), keyGate(job, name), mutexGate('x')].filter(() => world.random() < 0.6)
  const { replies } = fire(world.state, {
    firings: [
      {
        job,
        name,
        incarnation: record.incarnation,
        generation: record.generation,
        expectedSlot: slot,
        through: slot + 100,
        nextSlot: slot + 500,
        nextDueAt: slot + 500 + pick(world, [0, 50]),
        runs: [
          {
            id: `${record.incarnation}-${slot}`,
            slot,
            runAt: slot,
            priority: 0,
            overlap: pick(world, ['skip', 'queue', 'replace', 'allow'] as const),
            queueLimit: 1,
            gates,
          },
        ],
        skips: world.random() < 0.3 ? [{ reason: 'misfire', from: slot + 100, to: slot + 100, count: pick(world, [null, 1]) }] : [],
      },
    ],
    ...(world.random() < 0.5 ? { claim: claimAs(world, pick(world, OWNERS)) } : {}),
    now: world.now,
  })
  const [reply] = replies
  if (reply?.status !== 'fired') return
  world.fired.set(record.incarnation, (world.fired.get(record.incarnation) ?? 0) + 1)
  for (const { claimed } of reply.runs) if (claimed !== undefined) world.claimed.push(claimed.record)
}

function claimSome(world: World): void {
  const limit = pick(world, [1, 2, 5])
  const { runs } = claim(world.state, { ...claimAs(world, pick(world, OWNERS)), limit, start: pick(world, [0, 1, 5]), now: world.now })
  world.claimed.push(...runs.map((run) => run.record))
}

function settleOne(world: World): void {
  const record = take(world, world.claimed)
  if (record?.owner === null || record === undefined) return
  const then = pick(world, [
    { to: 'succeeded', result: null },
    { to: 'succeeded', result: null },
    { to: 'retry', delayMs: pick(world, [0, 600]) },
    { to: 'dead', reason: 'x' },
    { to: 'cancelled', reason: 'x' },
    { to: 'skipped', reason: 'handler' },
    { to: 'released' },
  ] as const)
  const holdGates = then.to !== 'released' && world.random() < 0.15
  const settlement = {
    runId: record.id,
    fence: record.fence,
    outcome: then.to === 'succeeded' ? ('succeeded' as const) : ('failed' as const),
    startedAt: record.startedAt,
    error: null,
    then,
    holdGates,
  }
  const settlements = world.random() < 0.2 ? [settlement, settlement] : [settlement]
  const { replies } = settle(world.state, { owner: record.owner, settlements, now: world.now })
  if (holdGates && replies[0]?.status === 'settled') world.stuck.push(record)
}

function releaseStuck(world: World): void {
  const record = take(world, world.stuck)
  if (record?.owner === null || record === undefined) return
  releaseHeldGates(world.state, { owner: record.owner, runs: [{ runId: record.id, fence: record.fence }], now: world.now })
}

function cancelOne(world: World): void {
  const ids = [...world.state.runs.keys()]
  if (ids.length > 0) cancelRuns(world.state, { runs: [{ id: pick(world, ids.slice(-15)), reason: 'x' }], now: world.now })
}

function renewOne(world: World): void {
  const name = pick(world, OWNERS)
  const jobs = world.random() < 0.3 ? JOBS.slice(0, 2) : JOBS
  if (renewAs(world, world.owners.get(name) as string, jobs) === 'live') return
  world.owners.set(name, `${name}-${world.ids++}`)
  renewAs(world, world.owners.get(name) as string, jobs)
}

function leaveOne(world: World): void {
  if (world.random() < 0.7) return
  const name = pick(world, OWNERS)
  leave(world.state, { owner: world.owners.get(name) as string, now: world.now })
  renewOne(world)
}

function suspendOne(world: World): void {
  const job = pick(world, JOBS)
  const reason = world.random() < 0.35 ? 'x' : null
  const targets = world.random() < 0.5 ? [{ job, reason }] : [{ job, name: pick(world, ['k', 'l']), reason }]
  suspend(world.state, { targets, now: world.now })
}

function useMutex(world: World): void {
  const name = pick(world, ['x', 'y'])
  const holder = pick(world, ['h', 'i', 'j'])
  const dice = world.random()
  if (dice < 0.5) {
    acquire(world.state, { bids: [{ name, holder, leaseMs: 1_500, queue: world.random() < 0.7, seenFence: 0 }], now: world.now })
  } else if (dice < 0.75) withdrawBids(world.state, { bids: [{ name, holder }], now: world.now })
  else {
    const lease = world.state.gates.get(mutexGate(name))?.lease
    if (lease) releaseLeases(world.state, { leases: [{ name, holder: lease.holder, fence: lease.fence }], now: world.now })
  }
}

function redefine(world: World): void {
  if (world.random() < 0.5) define(world, pick(world, JOBS))
}

function reschedule(world: World): void {
  if (world.random() < 0.5) set(world, pick(world, JOBS), pick(world, ['k', 'l']))
}

function pruneSome(world: World): void {
  const rules = JOBS.map((job) => ({ job, succeeded: pick(world, [1, 3]), dead: pick(world, [0, 2]), forMs: 20_000 }))
  prune(world.state, { rules, limit: pick(world, [1, 100]), graceMs: pick(world, [0, 2_000]), now: world.now })
}

/** Renames a job, with runs that came under the new name before, and gives it its old name again. */
function renameBack(world: World): void {
  if (world.random() < 0.7) return
  const job = pick(world, JOBS)
  const early = {
    ...EARLY,
    id: `run-${String(world.ids++).padStart(6, '0')}`,
    job: 'renamed',
    gates: [jobGate('renamed'), keyGate('renamed', 'k')],
  }
  enqueue(world.state, { requests: [early], now: world.now })
  for (const [name, renamedFrom] of [
    ['renamed', job],
    [job, 'renamed'],
  ] as const) {
    const registration = { job: name, hash: 'h', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [], renamedFrom }
    register(world.state, { registrations: [registration], now: world.now })
    checkState(world.state)
  }
}

const EARLY = {
  key: 'k',
  trigger: 'manual',
  payload: null,
  triggers: 1,
  priority: 0,
  delayMs: 0,
  overlap: 'allow',
  skipWhenBusy: false,
} as const

function claimAs(world: World, name: string): { owner: string; leaseMs: number; limit: number; start: number; seenFence: number } {
  return { owner: world.owners.get(name) as string, leaseMs: LEASE, limit: 2, start: 1, seenFence: 0 }
}

/** All processes end, one new one does the rest; gives what is left. */
function finishAll(world: World): readonly string[] {
  suspend(world.state, { targets: JOBS.map((job) => ({ job, reason: null })), now: world.now })
  for (let round = 0; round < 400; round++) {
    world.now += LEASE + 1
    const owner = `last-${round}`
    renewAs(world, owner, [...JOBS, 'renamed'])
    const { runs } = claim(world.state, { owner, leaseMs: LEASE, limit: 50, start: 50, seenFence: 0, now: world.now })
    for (const { record } of runs) {
      const then = { to: 'succeeded', result: null } as const
      const settlement = { runId: record.id, fence: record.fence, outcome: 'succeeded' as const, startedAt: world.now, error: null, then }
      const { replies } = settle(world.state, { owner, settlements: [settlement], now: world.now })
      expect(replies[0]?.status).toBe('settled')
    }
    leave(world.state, { owner, now: world.now })
    if (runs.length === 0 && aliveIds(world.state).length === 0) break
  }
  return aliveIds(world.state)
}

function aliveIds(state: MemoryState): readonly string[] {
  return [...state.runs.values()].filter((row) => row.finishedAt === null).map((row) => `${row.id} ${row.state}`)
}

/** slots = kept runs + counted skips + folded records, for every schedule. */
function checkLedgers(world: World): void {
  for (const job of JOBS) {
    for (const name of ['k', 'l']) {
      const page = readLedger(world.state, { job, name, after: null, limit: 10_000 })
      const schedule = page.schedule as ScheduleRecord
      const skipped = page.skips.reduce((sum, skip) => sum + (skip.count ?? 0), 0)
      const folded = Object.values(page.folded).reduce((sum, count) => sum + count, 0)
      expect(page.runs.length + skipped + folded, `${job}/${name}`).toBe(schedule.slots)
      expect(schedule.slots).toBeGreaterThanOrEqual(world.fired.get(schedule.incarnation) ?? 0)
    }
  }
}

function pick<T>(world: World, values: readonly T[]): T {
  return values[Math.floor(world.random() * values.length)] as T
}

/** Takes one out, often the newest. */
function take<T>(world: World, values: T[]): T | undefined {
  return values.splice(Math.floor(world.random() * values.length), 1)[0]
}
