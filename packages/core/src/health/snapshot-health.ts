/** From facts to the health snapshot: pure. The rules stand in `judge-process.ts` and `judge-job.ts`. */
import { percentilesOf } from '../observe/percentiles.ts'
import { truncateText } from '../observe/truncate-text.ts'
import type { AttemptOutcome } from '../run/run-state.ts'
import type { RunRecord } from '../store/records.ts'
import type { JobStats } from '../store/runs.ts'
import type { HealthFacts, JobFacts } from './health-facts.ts'
import { judgeJob, overdueMs } from './judge-job.ts'
import { type Finding, judgeProcess } from './judge-process.ts'
import { durationsOf } from './long-run.ts'
import { isoOf, roughly } from '../time/roughly.ts'
import type { HealthSnapshot, HealthStatus, JobHealth } from './snapshot.ts'

/** Jobs that the scheduler's own `why` names; the rest is counted. */
export const MOST_JOBS_NAMED = 10

/** Judges the facts. Of a job: stopped, else suspended, else its worst finding, else `ok`. */
export function snapshotHealth(facts: HealthFacts): HealthSnapshot {
  const { process, store } = facts
  const jobs = facts.jobs.map((job) => jobHealth(job, facts))
  const findings = judgeProcess(facts)
  const status = overallStatus(facts, findings, jobs)
  return {
    version: 1,
    at: isoOf(facts.now),
    status,
    why: SAID[status] ?? [...findings.map(({ why }) => why), ...namedJobs(jobs)],
    owner: process.owner,
    running: process.running,
    concurrency: process.concurrency,
    stuck: process.stuck.map(({ runId }) => runId),
    owners: facts.owners,
    store: {
      name: store.name,
      reachable: store.reachable,
      latencyMs: percentilesOf(store.latencyMs),
      clockOffsetMs: store.clockOffsetMs,
      error: store.error === null ? null : truncateText(store.error, ERROR_BYTES),
      failingForMs: store.failingForMs,
      lost: store.lost === null ? null : { ...store.lost, at: isoOf(store.lost.at) },
    },
    loopLagMs: { last: process.loopLagMs.last, max: process.loopLagMs.max },
    staleResults: process.staleResults,
    listenerErrors: process.listenerErrors,
    jobs,
  }
}

const ERROR_BYTES = 1_024
const STOPPED = 'this scheduler was stopped'
const SAID: Partial<Record<HealthStatus, readonly string[]>> = { stopped: [STOPPED], suspended: ['every job is suspended'] }

/** Suspended jobs count for nothing, unless there are no others and the process is well. */
function overallStatus(facts: HealthFacts, findings: readonly Finding[], jobs: readonly JobHealth[]): HealthStatus {
  if (facts.process.stopped) return 'stopped'
  const worst = worstOf([...findings.map(({ status }) => status), ...jobs.map(({ status }) => status)])
  if (worst !== 'ok') return worst
  return jobs.length > 0 && jobs.every(({ status }) => status === 'suspended') ? 'suspended' : 'ok'
}

function worstOf(statuses: readonly HealthStatus[]): 'ok' | 'degraded' | 'unhealthy' {
  if (statuses.includes('unhealthy')) return 'unhealthy'
  return statuses.includes('degraded') ? 'degraded' : 'ok'
}

function namedJobs(jobs: readonly JobHealth[]): readonly string[] {
  const unwell = [...jobs.filter(({ status }) => status === 'unhealthy'), ...jobs.filter(({ status }) => status === 'degraded')]
  const named = unwell.slice(0, MOST_JOBS_NAMED).map(({ job, status, why }) => `job "${job}" is ${status}: ${why[0] ?? ''}`)
  return unwell.length > MOST_JOBS_NAMED ? [...named, `${unwell.length - MOST_JOBS_NAMED} more jobs are not ok`] : named
}

function jobHealth(facts: JobFacts, { now, process }: HealthFacts): JobHealth {
  const { stats, suspended } = facts
  const stuck = process.stuck.filter(({ job }) => job === facts.job).map(({ runId }) => runId)
  const findings = stats === null ? [UNKNOWN] : judgeJob({ now, facts, stats, stuck })
  const shown = {
    job: facts.job,
    staleAfterMs: facts.staleAfterMs,
    suspended: suspended === null ? null : { at: isoOf(suspended.at), reason: suspended.reason },
    ...(stats === null ? NOTHING_KNOWN : statsShown(now, stats)),
  }
  if (process.stopped) return { ...shown, status: 'stopped', why: [STOPPED] }
  if (suspended !== null) {
    const ago = roughly(Math.max(0, now - suspended.at))
    return { ...shown, status: 'suspended', why: [`suspended ${ago} ago: ${suspended.reason}`] }
  }
  return { ...shown, status: worstOf(findings.map(({ status }) => status)), why: findings.map(({ why }) => why) }
}

const UNKNOWN: Finding = { status: 'unhealthy', why: 'the store did not answer: nothing is known of this job' }

type StatsShown = Omit<JobHealth, 'job' | 'status' | 'why' | 'staleAfterMs' | 'suspended'>

const NOTHING_KNOWN: StatsShown = {
  running: 0,
  pending: 0,
  waiting: 0,
  lastRun: null,
  lastSuccess: null,
  lastFailure: null,
  consecutiveFailures: 0,
  nextSlot: null,
  overdueMs: 0,
  latenessMs: percentilesOf([]),
  durationMs: percentilesOf([]),
  successRate: null,
  capableOwners: 0,
}

function statsShown(now: number, stats: JobStats): StatsShown {
  const { lastRun, lastSuccess, lastFailure } = stats
  return {
    running: stats.running,
    pending: stats.pending,
    waiting: stats.waiting,
    lastRun: lastRun === null ? null : { runId: lastRun.id, state: lastRun.state, at: endOf(lastRun) },
    lastSuccess: lastSuccess === null ? null : { runId: lastSuccess.id, at: endOf(lastSuccess) },
    lastFailure: lastFailure === null ? null : { runId: lastFailure.id, at: endOf(lastFailure), error: errorOf(lastFailure) },
    consecutiveFailures: stats.failuresInARow,
    nextSlot: stats.nextSlot === null ? null : isoOf(stats.nextSlot),
    overdueMs: overdueMs(now, stats),
    latenessMs: percentilesOf(stats.recent.map(({ latenessMs }) => latenessMs)),
    durationMs: percentilesOf(durationsOf(stats)),
    successRate: successRate(stats),
    capableOwners: stats.capableOwners,
  }
}

function endOf(run: RunRecord): string {
  return isoOf(run.finishedAt ?? run.startedAt ?? run.createdAt)
}

function errorOf({ error }: RunRecord): { readonly name: string; readonly message: string } | null {
  return error === null ? null : { name: error.name, message: truncateText(error.message, ERROR_BYTES) }
}

/** Cancelled and released attempts say nothing about the job. */
function successRate({ recent }: JobStats): number | null {
  const counted = recent.filter(({ outcome }) => !NEUTRAL.has(outcome))
  return counted.length === 0 ? null : counted.filter(({ outcome }) => outcome === 'succeeded').length / counted.length
}

const NEUTRAL: ReadonlySet<AttemptOutcome> = new Set(['cancelled', 'released'])
