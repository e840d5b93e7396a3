/** A hand-written scheduler for the CLI's tests: canned answers, and a record of what was asked. */
import type { HealthSnapshot, JobHealth, RollupHealth } from '../../src/health/snapshot.ts'
import type { Job, JobPolicy } from '../../src/job/job.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { Rollup } from '../../src/rollup/rollup.ts'
import type { Schedule, ScheduleSpec } from '../../src/schedule/schedule.ts'
import type { Backfill, BackfillPlanView, BackfillView } from '../../src/scheduler/rollups.ts'
import type { RunHandle } from '../../src/job/trigger-options.ts'
import type { Run, Scheduler, ScheduleView } from '../../src/scheduler/scheduler.ts'
import type { Store, StoreCapabilities } from '../../src/store/store.ts'

export const AT = '2026-01-01T00:00:00.000Z'

/** Everything that was asked, in order: `[verb, ...arguments]`. */
export type Calls = unknown[][]

export interface FakeAnswers {
  jobs?: Scheduler['jobs']
  shared?: boolean
  live?: boolean
  storeNow?: () => Promise<number>
  health?: Partial<HealthSnapshot> | Error
  /** Replaces single verbs: `trigger`, `runs.find`, … */
  verbs?: Readonly<Record<string, (...args: never[]) => unknown>>
}

export function fakeScheduler(answers: FakeAnswers = {}): { scheduler: Scheduler; calls: Calls } {
  const calls: Calls = []
  const jobs = answers.jobs ?? [fakeJob('report', [every6h]), fakeJob('clean')]
  const listeners = new Map<string, Set<(event: unknown) => void>>()
  let live = answers.live ?? false

  const verb =
    (name: string, answer: (...args: never[]) => unknown) =>
    async (...args: unknown[]): Promise<unknown> => {
      calls.push([name, ...args])
      return (answers.verbs?.[name] ?? answer)(...(args as never[]))
    }

  const scheduler = {
    store: fakeStore({ shared: answers.shared ?? true }, answers.storeNow),
    jobs,
    start: verb('start', () => {
      live = true
    }),
    stop: verb('stop', () => {
      live = false
      for (const listener of listeners.get('scheduler.stopped') ?? []) listener({ stuck: [] })
      return { stuck: [] }
    }),
    tick: verb('tick', () => ({ fired: 2, claimed: 1, succeeded: 1, failed: 0, nextWakeAt: new Date(AT) })),
    trigger: verb('trigger', () => fakeHandle('r-1')),
    triggerMany: verb('triggerMany', () => []),
    suspend: verb('suspend', () => true),
    resume: verb('resume', () => true),
    retire: verb('retire', () => undefined),
    preview: verb('preview', (job: { name: string }) =>
      job.name === 'report' ? [{ slot: new Date(AT), dueAt: new Date('2026-01-01T00:00:02.500Z'), schedule: '#0' }] : [],
    ),
    health: verb('health', () => {
      if (answers.health instanceof Error) throw answers.health
      return fakeHealth({ owner: live ? 'me' : null, ...answers.health })
    }),
    live: () => live,
    audit: verb('audit', () => ({ at: AT, ok: true, schedules: [], violations: [], proven: 0, attested: 0, complete: true })),
    on: (event: string, listener: (event: unknown) => void) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      return () => void set.delete(listener)
    },
    runs: {
      get: verb('runs.get', (id: string) => fakeRun({ id })),
      find: verb('runs.find', () => [fakeRun()]),
      cancel: verb('runs.cancel', () => true),
      cancelAll: verb('runs.cancelAll', () => 3),
      handle: verb('runs.handle', (id: string) => fakeHandle(id)),
      replay: verb('runs.replay', (id: string) => fakeHandle(`again-${id}`)),
      replayAll: verb('runs.replayAll', () => [fakeHandle('a'), fakeHandle('b')]),
    },
    schedules: {
      set: verb('schedules.set', () => 'created'),
      setMany: verb('schedules.setMany', () => []),
      get: verb('schedules.get', () => null),
      list: verb('schedules.list', () => [fakeScheduleView()]),
      remove: verb('schedules.remove', () => true),
    },
    backfill: verb('backfill', () => fakeBackfill()),
    mark: verb('mark', () => undefined),
    rollups: {
      state: verb('rollups.state', () => fakeRollupHealth()),
      windows: verb('rollups.windows', () => []),
      planBackfill: verb('rollups.planBackfill', () => fakePlan()),
      backfills: verb('rollups.backfills', () => [fakeBackfillView()]),
      backfill: verb('rollups.backfill', (id: string) => fakeBackfill({ id })),
      snapshot: verb('rollups.snapshot', (_rollup, range: object) => ({
        rollup: 'stats-daily',
        ...range,
        snapshot: 'stats_daily_20260101_080000000',
        rows: 1_200,
      })),
      restore: verb('rollups.restore', (rollup: { name: string }, snapshot: string) => ({
        rollup: rollup.name,
        snapshot,
        rows: 1_200,
        from: fakePlan().from,
        to: fakePlan().to,
      })),
      targetSql: verb('rollups.targetSql', () => 'create table stats_daily (\n  window_start timestamptz not null\n);\n'),
      examine: verb('rollups.examine', () => []),
      verify: verb('rollups.verify', () => ({ rollup: 'stats-daily', checked: 31, leftOut: 1, drift: [], more: false })),
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return { scheduler: scheduler as unknown as Scheduler, calls }
}

export function fakeJob(name: string, specs: readonly ScheduleSpec[] = [], policy: Partial<JobPolicy> = {}): Job<never, unknown> {
  const schedules = specs.map((spec, index) => ({
    name: `#${index}`,
    key: '',
    schedule: { spec, excludes: [], key: undefined, payload: undefined } satisfies Schedule,
  }))
  return { name, policy: { name, schedules, payload: null, ...policy } as JobPolicy }
}

/** A rollup of days that nothing refreshes. */
export const fakeRollup: Rollup = defineRollup({ name: 'stats-daily', grain: 'day', start: '2025-12-01', refresh: () => undefined })

export function fakeRollupHealth(fields: Partial<RollupHealth> = {}): RollupHealth {
  return {
    rollup: 'stats-daily',
    status: 'ok',
    freshness: 'ok',
    why: [],
    watermark: AT,
    dueThrough: AT,
    lagMs: 0,
    dirtyMs: 0,
    isOnTarget: true,
    dirty: 0,
    held: 0,
    failed: 0,
    suspect: 0,
    sealed: 0,
    pace: { waitMs: 5_000, maxWaitMs: 30_000, windowMs: 12.5, batch: 48 },
    ...fields,
  }
}

export function fakePlan(): BackfillPlanView {
  const [from, to] = [new Date('2025-12-02T00:00:00Z'), new Date(AT)]
  return { rollup: 'stats-daily', grain: 'day', from, to, select: 'all', order: 'newest', concurrency: 1, windows: 30 }
}

export function fakeBackfillView(fields: Partial<BackfillView> = {}): BackfillView {
  const { grain: _, ...plan } = fakePlan()
  return {
    id: 'b-1',
    ...plan,
    state: 'running',
    reason: null,
    done: 12,
    failed: 0,
    total: 30,
    isEstimated: false,
    share: 0.4,
    perSecond: 6,
    remainingMs: 3_000,
    createdAt: new Date(AT),
    finishedAt: null,
    ...fields,
  }
}

/** One that has ended when it is awaited. */
export function fakeBackfill(fields: Partial<BackfillView> = {}): Backfill {
  const { id, rollup } = fakeBackfillView(fields)
  const ended = fakeBackfillView({ state: 'finished', done: 30, share: 1, remainingMs: 0, finishedAt: new Date(AT), ...fields })
  return {
    id,
    rollup,
    progress: () => Promise.resolve(fakeBackfillView(fields)),
    pause: () => Promise.resolve(true),
    resume: () => Promise.resolve(false),
    cancel: () => Promise.resolve(true),
    finished: ({ onProgress } = {}) => {
      onProgress?.(fakeBackfillView(fields))
      return Promise.resolve(ended)
    },
  }
}

export const every6h: ScheduleSpec = { kind: 'every', everyMs: 21_600_000, anchorAt: 0 }

export function fakeHandle(
  id: string,
  finished: RunHandle['finished'] = () => Promise.resolve('done'),
  outcome: RunHandle['outcome'] = 'created',
): RunHandle {
  return { id, outcome, finished: finished as RunHandle['finished'] }
}

export function fakeRun(fields: Partial<Run> = {}): Run {
  return {
    id: 'r-1',
    job: 'report',
    key: '',
    state: 'succeeded',
    trigger: 'manual',
    schedule: null,
    slot: null,
    payload: { days: 7 },
    priority: 0,
    runAt: new Date(AT),
    createdAt: new Date(AT),
    startedAt: new Date(AT),
    finishedAt: new Date('2026-01-01T00:00:01.200Z'),
    attempt: 1,
    failures: 0,
    crashes: 0,
    triggers: 1,
    reason: null,
    progress: null,
    result: 'done',
    error: null,
    attempts: [],
    replayOf: null,
    trace: null,
    cancelRequested: null,
    ...fields,
  }
}

export function fakeScheduleView(fields: Partial<ScheduleView> = {}): ScheduleView {
  return {
    job: 'report',
    name: '#0',
    key: '',
    kind: 'static',
    description: 'every 6h',
    state: 'active',
    cursor: new Date(AT),
    nextSlot: new Date('2026-01-01T06:00:00Z'),
    nextDueAt: new Date('2026-01-01T06:00:00Z'),
    slots: 4,
    payload: null,
    suspended: null,
    ...fields,
  }
}

export function fakeHealth(fields: Partial<HealthSnapshot> = {}): HealthSnapshot {
  return {
    version: 1,
    at: AT,
    status: 'ok',
    why: [],
    owner: 'me',
    running: 0,
    concurrency: 20,
    stuck: [],
    owners: 1,
    store: {
      name: 'fake',
      reachable: true,
      latencyMs: { p50: 1.4, p95: 2, p99: 3 },
      clockOffsetMs: 0,
      error: null,
      failingForMs: 0,
      lost: null,
    },
    loopLagMs: { last: 0, max: 0 },
    staleResults: 0,
    listenerErrors: 0,
    jobs: [fakeJobHealth()],
    rollups: [],
    ...fields,
  }
}

export function fakeJobHealth(fields: Partial<JobHealth> = {}): JobHealth {
  return {
    job: 'report',
    status: 'ok',
    why: [],
    running: 0,
    pending: 0,
    waiting: 0,
    lastRun: null,
    lastSuccess: null,
    lastFailure: null,
    consecutiveFailures: 0,
    nextSlot: AT,
    overdueMs: 0,
    latenessMs: { p50: null, p95: null, p99: null },
    durationMs: { p50: null, p95: null, p99: null },
    successRate: null,
    staleAfterMs: null,
    suspended: null,
    capableOwners: 1,
    ...fields,
  }
}

function fakeStore(capabilities: StoreCapabilities, now: () => Promise<number> = () => Promise.resolve(Date.parse(AT))): Store {
  return { name: capabilities.shared ? 'fake' : 'memory', capabilities, open: async () => {}, now } as unknown as Store
}
