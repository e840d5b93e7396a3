import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { JobFacts } from '../../src/health/health-facts.ts'
import { fakeRollupHealth } from '../cli/fake-scheduler.ts'
import { CLOCK_OFFSET_BOUND_MS, LOOP_LAG_BOUND_MS } from '../../src/health/judge-process.ts'
import type { HealthStatus } from '../../src/health/snapshot.ts'
import { MOST_JOBS_NAMED, snapshotHealth } from '../../src/health/snapshot-health.ts'
import type { AttemptOutcome } from '../../src/run/run-state.ts'
import { facts, HOUR, job, MINUTE, NOW, run, type Spoil } from './facts.ts'

const attempt = (outcome: AttemptOutcome, durationMs = 1_000): { outcome: AttemptOutcome; latenessMs: number; durationMs: number } => ({
  outcome,
  latenessMs: 5,
  durationMs,
})

/** What is, the status it must give, and what the reason must say (null: none). */
type Row<T> = readonly [what: string, spoiled: T, status: HealthStatus, why: RegExp | null]

const JOB_ROWS: readonly Row<JobFacts>[] = [
  ['all is well', job(), 'ok', null],

  ['as many dead runs as allowed', job({}, { failuresInARow: 2 }), 'degraded', /^the last 2 runs are dead$/],
  ['one dead run', job({}, { failuresInARow: 1 }), 'degraded', /^the last run is dead$/],
  ['one dead run too many', job({}, { failuresInARow: 3 }), 'unhealthy', /^3 runs in a row are dead \(at most 2 may be\)$/],
  [
    'one dead run where none may be',
    job({ maxFailures: 0 }, { failuresInARow: 1 }),
    'unhealthy',
    /^the last run is dead \(at most 0 may be\)$/,
  ],

  ['a success just young enough', job({}, { lastSuccess: run({ finishedAt: NOW - 2 * HOUR }) }), 'ok', null],
  [
    'a success too old',
    job({}, { lastSuccess: run({ finishedAt: NOW - 2 * HOUR - 1 }) }),
    'unhealthy',
    /^the last success is 2 h old \(stale after 2 h\)$/,
  ],
  [
    'a success too old, and a run that began when it was already',
    job({ executingSince: [NOW - 30_000] }, { lastSuccess: run({ finishedAt: NOW - 2 * HOUR - 40_000 }), running: 1 }),
    'unhealthy',
    /^the last success is 2 h old/,
  ],
  [
    'a success too old while a run executes that began in time',
    job({ executingSince: [NOW - 30_000] }, { lastSuccess: run({ finishedAt: NOW - 2 * HOUR - 10_000 }), running: 1 }),
    'ok',
    null,
  ],
  ['an old success that nobody minds', job({ staleAfterMs: null }, { lastSuccess: run({ finishedAt: 0 }) }), 'ok', null],
  ['never run, still young', job({ registeredAt: NOW - 2 * HOUR }, { lastRun: null, lastSuccess: null, recent: [] }), 'ok', null],
  [
    'never run, registered too long ago',
    job({ registeredAt: NOW - 2 * HOUR - 1 }, { lastSuccess: null }),
    'unhealthy',
    /^it has never succeeded, in 2 h/,
  ],
  ['never run, registration unknown', job({ registeredAt: null }, { lastSuccess: null }), 'ok', null],
  ['resumed a moment ago', job({ resumedAt: NOW - MINUTE }, { lastSuccess: run({ finishedAt: NOW - 99 * HOUR }) }), 'ok', null],
  // The store counts a run that its handler skipped as a success.
  ['a handler that found nothing to do', job({}, { lastSuccess: run({ state: 'skipped', reason: 'handler: nothing new' }) }), 'ok', null],

  [
    'a failed attempt to be repeated',
    job({}, { recent: [attempt('failed'), attempt('succeeded')], pending: 1 }),
    'degraded',
    /^the last attempt failed and will be tried again$/,
  ],
  ['an attempt that timed out', job({}, { recent: [attempt('timedOut')] }), 'degraded', /^the last attempt timed out$/],
  [
    'an attempt whose process died',
    job({}, { recent: [attempt('abandoned')], running: 1 }),
    'degraded',
    /abandoned by its process and will be tried again/,
  ],
  ['an attempt that killed its process', job({}, { recent: [attempt('crashed')] }), 'degraded', /crashed its process/],
  ['a failure that was made good', job({}, { recent: [attempt('succeeded'), attempt('failed')] }), 'ok', null],
  ['a cancelled attempt', job({}, { recent: [attempt('cancelled')] }), 'ok', null],
  ['a released attempt', job({}, { recent: [attempt('released')] }), 'ok', null],

  ['a slot due for as long as is allowed', job({}, { overdueSince: NOW - 35_000 }), 'ok', null],
  ['a slot due for longer', job({}, { overdueSince: NOW - 35_001 }), 'degraded', /^a slot has been due for 35 s and has not fired$/],
  [
    'a run due for longer',
    job({}, { oldestDueAt: NOW - 2 * MINUTE, pending: 1 }),
    'degraded',
    /^a run has been due for 2 min and has not started$/,
  ],
  ['a rate-limited run due for longer', job({ rateLimited: true }, { oldestDueAt: NOW - 2 * MINUTE, pending: 1 }), 'ok', null],
  [
    'a rate-limited job with a slot due for longer',
    job({ rateLimited: true }, { overdueSince: NOW - 2 * MINUTE }),
    'degraded',
    /slot has been due/,
  ],
  [
    'a due job that no live process knows',
    job({}, { overdueSince: NOW - 1, capableOwners: 0 }),
    'degraded',
    /^noCapableWorker: due for 1 ms, and no live process knows/,
  ],
  [
    'a due run that no live process knows',
    job({}, { oldestDueAt: NOW - 121_000, capableOwners: 0 }),
    'degraded',
    /^noCapableWorker: due for 2 min/,
  ],
  ['nothing due, no live process', job({}, { capableOwners: 0 }), 'ok', null],

  [
    'misfires a moment ago',
    job({ misfires: { slots: 3, lastAt: NOW - MINUTE } }),
    'degraded',
    /^3 slots were skipped as misfires, the newest 1 min ago$/,
  ],
  ['one misfire', job({ misfires: { slots: 1, lastAt: NOW } }), 'degraded', /^1 slot was skipped/],
  ['misfires long ago', job({ misfires: { slots: 3, lastAt: NOW - HOUR - 1 } }), 'ok', null],

  [
    'a schedule whose only slot lay in the past',
    job({ neverFires: ['schedule #0 is exhausted and has never fired: at … lies in the past'] }),
    'degraded',
    /^schedule #0 is exhausted and has never fired: at … lies in the past$/,
  ],
  ['a schedule that the store has not', job({ missing: ['#0'] }), 'degraded', /^missingSchedule: the store does not have #0$/],
  ['several schedules', job({ missing: ['#0', 'b', 'c'] }), 'degraded', /^missingSchedule: the store does not have #0, b, c$/],
  ['several of them', job({ neverFires: ['schedule #0 …', 'b', 'c'] }), 'degraded', /^schedule #0 …; so it is with 2 more$/],

  // p95 of the healthy facts: 4 s
  ['a run of a minute', job({ longestRun: { runId: 'r', startedAt: NOW - MINUTE } }), 'ok', null],
  [
    'a run far beyond its kind',
    job({ longestRun: { runId: 'r', startedAt: NOW - MINUTE - 1 } }),
    'degraded',
    /^run r has lasted 1 min, over 10 × the p95 of 4 s, and has no timeout$/,
  ],
  ['the same with a timeout', job({ longestRun: { runId: 'r', startedAt: NOW - HOUR }, timeoutMs: 2 * HOUR }), 'ok', null],
  ['the same without a past', job({ longestRun: { runId: 'r', startedAt: NOW - HOUR } }, { recent: [] }), 'ok', null],
  [
    'ten times a long p95',
    job({ longestRun: { runId: 'r', startedAt: NOW - 10 * HOUR } }, { recent: [attempt('succeeded', HOUR)] }),
    'ok',
    null,
  ],
  [
    'over ten times a long p95',
    job({ longestRun: { runId: 'r', startedAt: NOW - 10 * HOUR - 1 } }, { recent: [attempt('succeeded', HOUR)] }),
    'degraded',
    /over 10 × the p95 of 1 h/,
  ],

  ['suspended', job({ suspended: { at: NOW - HOUR, reason: 'provider is down' } }), 'suspended', /^suspended 1 h ago: provider is down$/],
  ['suspended, and failing besides', job({ suspended: { at: NOW, reason: 'x' } }, { failuresInARow: 9 }), 'suspended', /^suspended/],
  ['unknown to a silent store', job({ stats: null }), 'unhealthy', /^the store did not answer/],
]

describe('the rules of a job', () => {
  it.each(JOB_ROWS)('%s', (_, spoiled, status, why) => {
    const [health] = snapshotHealth(facts({ jobs: [spoiled] })).jobs
    expect(health?.status).toBe(status)
    expect(health?.why).toEqual(why === null ? [] : [expect.stringMatching(why)])
  })

  it('reports every reason, the worst first', () => {
    const spoiled = job(
      { misfires: { slots: 1, lastAt: NOW } },
      { failuresInARow: 5, overdueSince: NOW - HOUR, lastSuccess: run({ finishedAt: NOW - 9 * HOUR }) },
    )
    const [health] = snapshotHealth(facts({ jobs: [spoiled] })).jobs
    expect(health?.why).toEqual([
      expect.stringContaining('5 runs in a row'),
      expect.stringContaining('9 h old'),
      expect.stringContaining('a slot has been due'),
      expect.stringContaining('misfires'),
    ])
  })

  it('names the runs that are stuck here, at most three', () => {
    const stuck = ['a', 'b', 'c', 'd', 'e'].map((runId) => ({ runId, job: 'feedback' }))
    const { jobs } = snapshotHealth(
      facts({ process: { stuck: [...stuck, { runId: 'z', job: 'other' }] }, jobs: [job(), job({ job: 'quiet' })] }),
    )
    expect(jobs.map(({ status, why }) => [status, why])).toEqual([
      ['degraded', ['its handler ignores abort: a, b, c and 2 more']],
      ['ok', []],
    ])
  })
})

const STUCK = { runId: 'r', job: 'elsewhere' }

const PROCESS_ROWS: readonly Row<Spoil>[] = [
  ['all is well', {}, 'ok', null],
  ['no jobs at all', { jobs: [] }, 'ok', null],
  ['a client that was never started', { process: { owner: null } }, 'ok', null],
  ['stopped', { process: { stopped: true }, jobs: [job({}, { failuresInARow: 9 })] }, 'stopped', /^this scheduler was stopped$/],
  [
    'a store out of reach',
    { store: { reachable: false, error: 'ECONNREFUSED', failingForMs: 8_000 } },
    'unhealthy',
    /^the store has not answered for 8 s: ECONNREFUSED$/,
  ],
  ['a store that refuses to work', { store: { error: 'read-only', failingForMs: 1 } }, 'unhealthy', /read-only$/],
  ['a store clock just close enough', { store: { clockOffsetMs: CLOCK_OFFSET_BOUND_MS } }, 'ok', null],
  ['a store clock ahead', { store: { clockOffsetMs: 5_001 } }, 'degraded', /^this process's clock is 5 s behind the store's$/],
  ['a store clock behind', { store: { clockOffsetMs: -3_600_000 } }, 'degraded', /^this process's clock is 1 h ahead of the store's$/],
  ['a store clock never read', { store: { clockOffsetMs: null } }, 'ok', null],
  ['a lag just small enough', { process: { loopLagMs: { last: LOOP_LAG_BOUND_MS, max: 60_000 } } }, 'ok', null],
  ['a blocked event loop', { process: { loopLagMs: { last: 60_000, max: 60_000 } } }, 'degraded', /^the event loop answers 1 min late/],
  ['a start that failed', { process: { startError: 'no route' } }, 'unhealthy', /^start\(\) failed, .* called again: no route$/],
  ['some permits stuck', { process: { stuck: [STUCK] } }, 'degraded', /^1 of 20 permits/],
  ['all permits stuck', { process: { stuck: [STUCK, STUCK], concurrency: 2 } }, 'unhealthy', /^every permit of this process \(2\)/],
  [
    'a job that is degraded',
    { jobs: [job(), job({ job: 'b' }, { failuresInARow: 1 })] },
    'degraded',
    /^job "b" is degraded: the last run is dead$/,
  ],
  ['a job that is unhealthy', { jobs: [job({}, { failuresInARow: 9 })] }, 'unhealthy', /^job "feedback" is unhealthy: 9 runs/],
  ['a failing job that is suspended', { jobs: [job(), job({ suspended: { at: 0, reason: 'x' } }, { failuresInARow: 9 })] }, 'ok', null],
  ['nothing but suspended jobs', { jobs: [job({ suspended: { at: 0, reason: 'x' } })] }, 'suspended', /^every job is suspended$/],
  [
    'nothing but suspended jobs, and a blocked loop',
    { jobs: [job({ suspended: { at: 0, reason: 'x' } })], process: { loopLagMs: { last: 9_999, max: 9_999 } } },
    'degraded',
    /event loop/,
  ],
]

describe('the rules of a scheduler', () => {
  it.each(PROCESS_ROWS)('%s', (_, spoiled, status, why) => {
    const snapshot = snapshotHealth(facts(spoiled))
    expect(snapshot.status).toBe(status)
    expect(snapshot.why).toEqual(why === null ? [] : [expect.stringMatching(why)])
  })

  it('calls every job of a stopped scheduler stopped', () => {
    const { jobs } = snapshotHealth(
      facts({ process: { stopped: true }, jobs: [job(), job({ suspended: { at: 0, reason: 'x' } }), job({ stats: null })] }),
    )
    expect(jobs.map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped'])
  })

  it('names a bounded number of jobs, the unhealthy first', () => {
    const jobs = Array.from({ length: 30 }, (_, index) => job({ job: `job-${index}` }, { failuresInARow: index === 29 ? 9 : 1 }))
    const { why } = snapshotHealth(facts({ jobs }))
    expect(why).toHaveLength(MOST_JOBS_NAMED + 1)
    expect(why[0]).toMatch(/^job "job-29" is unhealthy/)
    expect(why.at(-1)).toBe('20 more jobs are not ok')
  })
})

describe('snapshotHealth', () => {
  const full = snapshotHealth(
    facts({
      process: { running: 2, staleResults: 1, listenerErrors: 3 },
      jobs: [
        job(
          {},
          {
            running: 1,
            pending: 2,
            waiting: 3,
            lastFailure: run({
              id: 'run-0',
              state: 'dead',
              finishedAt: NOW - HOUR,
              error: { name: 'Error', message: 'x'.repeat(9_000), stack: 'secret' },
            }),
            lastRun: run({ id: 'run-2', state: 'running', finishedAt: null, startedAt: NOW - MINUTE }),
            recent: [
              attempt('succeeded', 100),
              attempt('failed', 300),
              attempt('cancelled', 9_999),
              attempt('succeeded', 200),
              attempt('released', 0),
            ],
            overdueSince: NOW - 5,
            oldestDueAt: NOW - 7,
          },
        ),
      ],
    }),
  )

  it('is plain JSON of version 1', () => {
    expect(JSON.parse(JSON.stringify(full))).toEqual(full)
    expect(full).toMatchObject({
      version: 1,
      at: '2026-05-01T12:00:00.000Z',
      owner: 'owner-1',
      running: 2,
      concurrency: 20,
      stuck: [],
      owners: 2,
      store: { name: 'memory', reachable: true, latencyMs: { p50: 2, p95: 3, p99: 3 }, clockOffsetMs: 4, error: null, failingForMs: 0 },
      loopLagMs: { last: 2, max: 40 },
      staleResults: 1,
      listenerErrors: 3,
    })
  })

  it('shows what the store keeps of a job', () => {
    const [health] = full.jobs
    expect(health).toMatchObject({
      running: 1,
      pending: 2,
      waiting: 3,
      lastRun: { runId: 'run-2', state: 'running', at: '2026-05-01T11:59:00.000Z' },
      lastSuccess: { runId: 'run-1', at: '2026-05-01T11:51:00.000Z' },
      lastFailure: { runId: 'run-0', at: '2026-05-01T11:00:00.000Z', error: { name: 'Error' } },
      nextSlot: '2026-05-01T12:50:00.000Z',
      overdueMs: 7,
      durationMs: { p50: 200, p95: 300, p99: 300 },
      successRate: 2 / 3,
      staleAfterMs: 2 * HOUR,
      suspended: null,
      capableOwners: 2,
    })
    expect(health?.lastFailure?.error?.message.length).toBeLessThan(1_100)
    expect(JSON.stringify(health)).not.toContain('secret')
  })

  it('survives instants that no date can hold', () => {
    const { jobs } = snapshotHealth(facts({ jobs: [job({}, { nextSlot: 9e15 })] }))
    expect(jobs[0]?.nextSlot).toBe('9000000000000000')
  })

  it('has every field documented', () => {
    const page = readFileSync(new URL('../../../../docs/health.md', import.meta.url), 'utf8')
    const fields = (value: object, prefix: string): string[] =>
      Object.entries(value).flatMap(([key, inner]) => [
        `${prefix}${key}`,
        ...(typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? fields(inner, `${prefix}${key}.`) : []),
      ])
    const suspended = snapshotHealth(facts({ jobs: [job({ suspended: { at: NOW, reason: 'x' } })] })).jobs[0] ?? {}
    const names = [
      ...fields(full, ''),
      ...fields({ ...full.jobs[0], suspended: { at: 0, reason: 0 } }, 'jobs[].'),
      ...fields(suspended, 'jobs[].'),
      ...fields(fakeRollupHealth(), 'rollups[].'),
    ]
    const percentiles = /\.(p50|p95|p99)$/
    expect(names.filter((name) => !percentiles.test(name) && !page.includes(`\`${name}\``))).toEqual([])
  })
})
