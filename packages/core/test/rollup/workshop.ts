/** A memory store on a fake clock, and runs that hold rollups' windows in it, without an engine. */
import { expect } from 'vitest'
import type { RunContext } from '../../src/job/job.ts'
import type { Logger } from '../../src/observe/logger.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { createIds } from '../../src/random/ids.ts'
import { seededRandom } from '../../src/random/random.ts'
import { drainMarks, type DrainPass } from '../../src/rollup/drain-marks.ts'
import { refreshBackfill, type BackfillEnd } from '../../src/rollup/refresh-backfill.ts'
import { refreshWindows } from '../../src/rollup/refresh-windows.ts'
import type { RefreshEnd, RollupDeps } from '../../src/rollup/refresh-work.ts'
import type { Rollup } from '../../src/rollup/rollup.ts'
import { backfillJob, refreshRequest } from '../../src/rollup/rollup-run.ts'
import { definitionOf } from '../../src/rollup/stored-rollup.ts'
import type { MarkKind, WindowRecord } from '../../src/store/window-records.ts'
import type { RollupState, WindowStore } from '../../src/store/windows.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const OWNER = 'owner-1'
const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** What a run is besides its rollup. */
export interface RunFacts {
  readonly trigger?: RunContext['trigger']
  readonly budgetMs?: number
  readonly generation?: number
  /** Changes the deps of this run. */
  readonly deps?: Partial<RollupDeps>
  readonly signal?: AbortSignal
  readonly onProgress?: (value: unknown) => void
}

export interface Workshop {
  readonly clock: FakeClock
  readonly windows: WindowStore
  readonly deps: RollupDeps
  /** Names of verbs that were called, in order. */
  readonly verbs: string[]
  define(rollup: Rollup): Promise<number>
  mark(source: string, ranges: readonly (readonly [from: number, to: number])[], kind?: MarkKind): Promise<void>
  drain(): Promise<DrainPass>
  /** Runs a rollup once, and ends the run. */
  run(rollup: Rollup, facts?: RunFacts): Promise<RefreshEnd>
  runBackfill(rollup: Rollup, backfill: string, facts?: RunFacts): Promise<BackfillEnd>
  state(rollup: Rollup): Promise<RollupState>
  records(rollup: Rollup): Promise<readonly WindowRecord[]>
  /** Debounced runs that wait, by job. */
  waiting(): Promise<readonly string[]>
  /** Begins a run that is never settled, for what happens to windows that others hold. */
  begin(job: string, facts?: RunFacts): Promise<RunContext<unknown>>
  settle(ctx: Pick<RunContext, 'runId'>): Promise<void>
}

export async function createWorkshop(startAt: string | number = '2026-03-01T00:30:00Z'): Promise<Workshop> {
  const clock = fakeClock(startAt)
  const store = memoryStore({ clock })
  await store.open()
  const { windows, runs } = store
  if (windows === undefined) throw new Error('the store has no windows')
  const verbs: string[] = []
  const nextId = createIds(() => clock.now(), seededRandom(7))
  const deps: RollupDeps = {
    windows,
    clock,
    random: seededRandom(11),
    nextId,
    call: async (verb, call) => {
      verbs.push(verb)
      return await call(windows)
    },
  }
  const generations = new Map<string, number>()
  const jobs = new Set<string>()
  const fences = new Map<string, number>()

  const renew = async (): Promise<void> => {
    const known = [...jobs].map((job) => ({ job, hash: 'h' }))
    await runs.renew({ owner: OWNER, leaseMs: 10 * 366 * DAY_MS, jobs: known, started: [], progress: [] })
  }

  const begin = async (job: string, { trigger = 'debounce', signal, onProgress }: RunFacts = {}): Promise<RunContext<unknown>> => {
    const request = refreshRequest({ id: nextId(), rollup: job, triggers: 1 }, { waitMs: 0, maxWaitMs: 0 })
    const { debounce: _, ...alone } = { ...request, gates: [], trigger }
    await runs.enqueue({ requests: [alone] })
    const claimed = await runs.claim({ owner: OWNER, leaseMs: 10 * 366 * DAY_MS, limit: 50, start: 50, seenFence: 0 })
    const found = claimed.runs.find((run) => run.record.id === alone.id)
    if (found === undefined) throw new Error(`no run of ${job} was claimed`)
    for (const other of claimed.runs) if (other !== found) await end(other.record.id, other.record.fence)
    const { id, fence } = found.record
    fences.set(id, fence)
    return {
      payload: undefined,
      signal: signal ?? new AbortController().signal,
      runId: id,
      job,
      key: '',
      attempt: 1,
      maxAttempts: 1,
      slot: null,
      trigger,
      fence,
      idempotencyKey: id,
      trace: null,
      scheduler: { trigger: unreachable, triggerMany: unreachable },
      log: quiet,
      progress: (value) => onProgress?.(value),
      skip: () => {
        throw new Error('skip')
      },
    }
  }

  const end = async (runId: string, fence: number): Promise<void> => {
    const settlement = {
      runId,
      fence,
      outcome: 'succeeded',
      startedAt: clock.now(),
      error: null,
      then: { to: 'succeeded', result: null },
    } as const
    await runs.settle({ owner: OWNER, settlements: [settlement] })
  }

  const within = async <T>(job: string, facts: RunFacts, work: (ctx: RunContext<unknown>) => Promise<T>): Promise<T> => {
    const ctx = await begin(job, facts)
    try {
      return await work(ctx)
    } finally {
      await end(ctx.runId, ctx.fence)
    }
  }

  const runOf = (rollup: Rollup, { budgetMs, generation, deps: over }: RunFacts) => ({
    rollup,
    generation: generation ?? generations.get(rollup.name) ?? 0,
    deps: { ...deps, ...over },
    ...(budgetMs === undefined ? {} : { budgetMs }),
  })

  return {
    clock,
    windows,
    deps,
    verbs,
    begin,
    settle: ({ runId }) => end(runId, fences.get(runId) ?? 0),
    async define(rollup) {
      const expected = generations.get(rollup.name) ?? 0
      const { replies } = await windows.define({ rollups: [definitionOf(rollup, expected)] })
      const generation = replies[0]?.generation ?? 0
      generations.set(rollup.name, generation)
      for (const job of [rollup.name, backfillJob(rollup.name)]) jobs.add(job)
      await renew()
      return generation
    },
    async mark(source, ranges, kind = 'added') {
      await windows.mark({ marks: ranges.map(([from, to]) => ({ source, from, to, kind })) })
    },
    drain: () => drainMarks(deps),
    run: (rollup, facts = {}) => within(rollup.name, facts, (ctx) => refreshWindows({ ...runOf(rollup, facts), ctx })),
    runBackfill: (rollup, backfill, facts = {}) =>
      within(backfillJob(rollup.name), facts, (ctx) => refreshBackfill({ ...runOf(rollup, facts), ctx, backfill })),
    async state(rollup) {
      const { states } = await windows.state({ rollups: [{ rollup: rollup.name, limit: 5_000 }] })
      const state = states[0] ?? null
      if (state === null) expect.fail(`rollup ${rollup.name} is unknown`)
      return state
    },
    async records(rollup) {
      return (await windows.list({ rollup: rollup.name, from: 0, to: 8e15, limit: 10_000 })).windows
    },
    async waiting() {
      return (await runs.find({ states: ['pending', 'waiting'], limit: 1_000 })).runs.map(({ job }) => job).sort()
    },
  }
}

/** Hours since the first of March 2026. */
export const hour = (count: number): number => Date.UTC(2026, 2, 1) + count * HOUR_MS

/** ISO instants of starts, without the seconds. */
export function texts(starts: Iterable<number | Date>): readonly string[] {
  return Array.from(starts, (start) => new Date(start).toISOString().slice(0, 16))
}

function unreachable(): never {
  throw new Error('There is no scheduler.')
}
