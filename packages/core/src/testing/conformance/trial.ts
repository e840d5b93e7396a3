/** What a case works with: one fresh store, one clock, ids in order. */
import assert from 'node:assert/strict'
import { createIds } from '../../random/ids.ts'
import { seededRandom, type Random } from '../../random/random.ts'
import type { AtStoreTime } from '../../store/tick.ts'
import type { Store } from '../../store/store.ts'
import { sleep, systemClock } from '../../time/clock.ts'

/** One fresh, empty store, as `create` hands it out for each case. */
export interface ConformanceHarness {
  readonly store: Store
  /** Moves the store's own clock forward, for stores on a clock of the test. Absent: cases really wait, scaled. */
  advance?(ms: number): Promise<void> | void
  /** Opens a transaction for `enqueue({ tx })` and `mark({ tx })`; needed where `capabilities.transactions` is declared. */
  begin?(): Promise<{ readonly tx: unknown; commit(): Promise<void>; rollback(): Promise<void> }>
  /** Frees everything; the store may be closed already. */
  close(): Promise<void>
}

/** A case's view of its store and of time. Durations are written in nominal ms and go through `ms`. */
export interface Trial {
  readonly store: Store
  readonly harness: ConformanceHarness
  /** Seeds of the contention cases. */
  readonly seeds: readonly number[]
  /** Spread into every time-dependent request: `{ now }`, or nothing when the store's clock decides. */
  at(): AtStoreTime
  now(): Promise<number>
  /** A nominal duration as this trial measures it. */
  ms(nominalMs: number): number
  /** Lets a nominal duration pass. */
  pass(nominalMs: number): Promise<void>
  /** Runs a verb and says between which instants it ran, so that exact instants can be checked on any clock. */
  timed<T>(verb: () => Promise<T>): Promise<{ readonly value: T; readonly from: number; readonly to: number }>
  /** Ids that sort by creation. */
  nextId(): string
  random(seed: number): Random
}

/** Far from any real clock, so that a store that ignores `now` is found out. */
const GIVEN_START = Date.UTC(2033, 4, 17, 9, 30)

/** How a trial is set up. */
export interface TrialOptions {
  readonly clock: 'given' | 'own'
  /** Of nominal durations where cases really wait. */
  readonly scale: number
  readonly seeds: readonly number[]
}

/** Opens the store and starts the trial's time. */
export async function createTrial(harness: ConformanceHarness, options: TrialOptions): Promise<Trial> {
  const { store } = harness
  await store.open()
  const isGiven = options.clock === 'given'
  const scale = isGiven || harness.advance !== undefined ? 1 : options.scale
  let givenNow = GIVEN_START
  const startAt = isGiven ? GIVEN_START : await store.now()
  const now = async (): Promise<number> => (isGiven ? givenNow : store.now())
  const ms = (nominalMs: number): number => Math.ceil(nominalMs * scale)
  return {
    store,
    harness,
    seeds: options.seeds,
    at: () => (isGiven ? { now: givenNow } : {}),
    now,
    ms,
    async pass(nominalMs): Promise<void> {
      if (isGiven) givenNow += ms(nominalMs)
      else if (harness.advance !== undefined) await harness.advance(ms(nominalMs))
      else await waitOut(store, ms(nominalMs))
    },
    async timed(verb) {
      const from = await now()
      const value = await verb()
      return { value, from, to: await now() }
    },
    nextId: createIds(() => startAt, seededRandom(startAt % 2 ** 31)),
    random: seededRandom,
  }
}

const POLL_MS = 5
const PATIENCE_MS = 10_000

/** Polls `check` until it answers true; fails at a deadline of real time. */
export async function eventually(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineAt = systemClock.monotonic() + PATIENCE_MS
  while (!(await check())) {
    if (systemClock.monotonic() > deadlineAt) assert.fail(`${what}: not within ${PATIENCE_MS} ms`)
    await sleep(systemClock, POLL_MS)
  }
}

async function waitOut(store: Store, waitMs: number): Promise<void> {
  const until = (await store.now()) + waitMs
  await sleep(systemClock, waitMs)
  await eventually(`the store's clock did not reach ${until}`, async () => (await store.now()) >= until)
}
