/** Facts in which everything is well, for tests to spoil. */
import type { HealthFacts, JobFacts } from '../../src/health/health-facts.ts'
import type { RunRecord } from '../../src/store/records.ts'
import type { JobStats } from '../../src/store/runs.ts'

export const NOW: number = Date.UTC(2026, 4, 1, 12)
export const MINUTE = 60_000
export const HOUR = 3_600_000

export function run(changes: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'run-1',
    job: 'feedback',
    key: '',
    state: 'succeeded',
    trigger: 'schedule',
    schedule: '#0',
    slot: NOW - 10 * MINUTE,
    payload: null,
    merging: null,
    priority: 0,
    runAt: NOW - 10 * MINUTE,
    createdAt: NOW - 10 * MINUTE,
    startedAt: NOW - 10 * MINUTE,
    finishedAt: NOW - 9 * MINUTE,
    overlap: 'skip',
    gates: [],
    attempt: 1,
    failures: 0,
    crashes: 0,
    suspect: false,
    owner: null,
    fence: 1,
    open: false,
    triggers: 1,
    cancelRequested: null,
    reason: null,
    progress: null,
    result: null,
    error: null,
    attempts: [],
    replayOf: null,
    trace: null,
    ...changes,
  }
}

export function stats(changes: Partial<JobStats> = {}): JobStats {
  return {
    job: 'feedback',
    generation: 1,
    pending: 0,
    waiting: 0,
    running: 0,
    oldestDueAt: null,
    nextSlot: NOW + 50 * MINUTE,
    overdueSince: null,
    schedules: 1,
    lastRun: run(),
    lastSuccess: run(),
    lastFailure: null,
    failuresInARow: 0,
    recent: [1, 2, 3, 4].map((second) => ({ outcome: 'succeeded', latenessMs: 10 * second, durationMs: second * 1_000 })),
    capableOwners: 2,
    suspended: null,
    resumedAt: null,
    registeredAt: NOW - 30 * 24 * HOUR,
    statics: ['#0'],
    unfired: [],
    ...changes,
  }
}

export function job(changes: Partial<JobFacts> = {}, statsChanges: Partial<JobStats> = {}): JobFacts {
  const name = changes.job ?? 'feedback'
  return {
    job: name,
    staleAfterMs: 2 * HOUR,
    isStaleAfterDefault: true,
    maxFailures: 2,
    timeoutMs: null,
    misfireAfterMs: 35_000,
    rateLimited: false,
    suspended: null,
    registeredAt: NOW - 30 * 24 * HOUR,
    resumedAt: null,
    longestRun: null,
    executingSince: [],
    missing: [],
    neverFires: [],
    misfires: null,
    stats: stats({ job: name, ...statsChanges }),
    ...changes,
  }
}

export interface Spoil {
  readonly process?: Partial<HealthFacts['process']>
  readonly store?: Partial<HealthFacts['store']>
  readonly owners?: number | null
  readonly jobs?: readonly JobFacts[]
  readonly rollups?: HealthFacts['rollups']
}

export function facts({ process, store, owners = 2, jobs = [job()], rollups = [] }: Spoil = {}): HealthFacts {
  return {
    now: NOW,
    process: {
      owner: 'owner-1',
      stopped: false,
      startError: null,
      running: 0,
      concurrency: 20,
      stuck: [],
      loopLagMs: { last: 2, max: 40 },
      staleResults: 0,
      listenerErrors: 0,
      ...process,
    },
    store: { name: 'memory', reachable: true, latencyMs: [1, 2, 3], clockOffsetMs: 4, error: null, failingForMs: 0, lost: null, ...store },
    owners,
    jobs,
    rollups,
  }
}
