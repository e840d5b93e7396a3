/** Whether one job is well: pure, one function per rule. The rules are listed in `docs/health.md`. */
import type { AttemptOutcome } from '../run/run-state.ts'
import { percentilesOf } from '../observe/percentiles.ts'
import type { RunRecord } from '../store/records.ts'
import type { JobStats } from '../store/runs.ts'
import type { JobFacts } from './health-facts.ts'
import type { Finding } from './judge-process.ts'
import { roughly } from './roughly.ts'

/** A run without a timeout is too long beyond this many times the p95 of its job… */
export const LONG_RUN_FACTOR = 10

/** …and beyond this, so that a job of milliseconds does not alarm. */
export const LONG_RUN_FLOOR_MS = 60_000

/** How long a misfire is spoken of. */
export const MISFIRE_MEMORY_MS = 3_600_000

/** What a job's own facts, and the moment, are judged by. */
export interface JobMoment {
  readonly now: number
  readonly facts: JobFacts
  readonly stats: JobStats
  /** Runs of this job that are stuck in this process. */
  readonly stuck: readonly string[]
}

/** Every rule that speaks against the job, worst first. */
export function judgeJob(moment: JobMoment): readonly Finding[] {
  const found = RULES.flatMap((rule) => rule(moment) ?? [])
  return [...found.filter(({ status }) => status === 'unhealthy'), ...found.filter(({ status }) => status === 'degraded')]
}

/** How long the most overdue slot or pending run has been due; 0 when none is. */
export function overdueMs(now: number, stats: JobStats): number {
  return Math.max(0, now - (stats.overdueSince ?? now), now - (stats.oldestDueAt ?? now))
}

type Rule = (moment: JobMoment) => Finding | null

const FAILED: ReadonlySet<AttemptOutcome> = new Set(['failed', 'timedOut', 'abandoned', 'crashed'])

const tooManyFailures: Rule = ({ facts, stats }) =>
  stats.failuresInARow <= facts.maxFailures
    ? null
    : { status: 'unhealthy', why: `${stats.failuresInARow} runs in a row are dead (at most ${facts.maxFailures} may be)` }

const staleSuccess: Rule = ({ now, facts, stats }) => {
  if (facts.staleAfterMs === null) return null
  const success = endOf(stats.lastSuccess)
  const from = latest([success, facts.registeredAt, facts.resumedAt])
  if (from === null || now - from <= facts.staleAfterMs) return null
  const what = success === null ? `it has never succeeded, in ${roughly(now - from)}` : `the last success is ${roughly(now - success)} old`
  return { status: 'unhealthy', why: `${what} (stale after ${roughly(facts.staleAfterMs)})` }
}

const deadButFew: Rule = ({ facts, stats }) => {
  const { failuresInARow } = stats
  if (failuresInARow === 0 || failuresInARow > facts.maxFailures) return null
  return { status: 'degraded', why: failuresInARow === 1 ? 'the last run is dead' : `the last ${failuresInARow} runs are dead` }
}

const lastAttemptFailed: Rule = ({ stats }) => {
  const newest = stats.recent[0]
  if (newest === undefined || !FAILED.has(newest.outcome) || stats.failuresInARow > 0) return null
  const alive = stats.pending + stats.waiting + stats.running > 0
  return {
    status: 'degraded',
    why: `the last attempt ${WORDS[newest.outcome] ?? newest.outcome}${alive ? ' and will be tried again' : ''}`,
  }
}

const WORDS: Partial<Record<AttemptOutcome, string>> = {
  failed: 'failed',
  timedOut: 'timed out',
  abandoned: 'was abandoned by its process',
  crashed: 'crashed its process',
}

const noCapableWorker: Rule = ({ now, stats }) => {
  const overdue = overdueMs(now, stats)
  if (overdue === 0 || stats.capableOwners > 0) return null
  return { status: 'degraded', why: `noCapableWorker: due for ${roughly(overdue)}, and no live process knows this job` }
}

const overdue: Rule = ({ now, facts, stats }) => {
  if (stats.capableOwners === 0) return null // said better above
  const slotMs = now - (stats.overdueSince ?? now)
  if (slotMs > facts.misfireAfterMs) return { status: 'degraded', why: `a slot has been due for ${roughly(slotMs)} and has not fired` }
  const runMs = now - (stats.oldestDueAt ?? now)
  if (facts.rateLimited || runMs <= facts.misfireAfterMs) return null
  return { status: 'degraded', why: `a run has been due for ${roughly(runMs)} and has not started` }
}

const misfired: Rule = ({ now, facts }) => {
  const { misfires } = facts
  if (misfires === null || misfires.slots === 0 || now - misfires.lastAt > MISFIRE_MEMORY_MS) return null
  const slots = misfires.slots === 1 ? '1 slot was' : `${misfires.slots} slots were`
  return { status: 'degraded', why: `${slots} skipped as misfires, the newest ${roughly(Math.max(0, now - misfires.lastAt))} ago` }
}

const longRun: Rule = ({ now, facts, stats }) => {
  const { longestRun } = facts
  const { p95 } = percentilesOf(durationsOf(stats))
  if (facts.timeoutMs !== null || longestRun === null || p95 === null) return null
  const lastsMs = now - longestRun.startedAt
  if (lastsMs <= Math.max(LONG_RUN_FLOOR_MS, LONG_RUN_FACTOR * p95)) return null
  const why = `run ${longestRun.runId} has lasted ${roughly(lastsMs)}, over ${LONG_RUN_FACTOR} × the p95 of ${roughly(p95)}, and has no timeout`
  return { status: 'degraded', why }
}

const stuckRuns: Rule = ({ stuck }) => {
  if (stuck.length === 0) return null
  const more = stuck.length > 3 ? ` and ${stuck.length - 3} more` : ''
  return { status: 'degraded', why: `its handler ignores abort: ${stuck.slice(0, 3).join(', ')}${more}` }
}

const RULES: readonly Rule[] = [
  tooManyFailures,
  staleSuccess,
  deadButFew,
  lastAttemptFailed,
  noCapableWorker,
  overdue,
  misfired,
  longRun,
  stuckRuns,
]

/** Durations of the recent attempts that a handler ended, newest first. */
export function durationsOf(stats: JobStats): readonly number[] {
  return stats.recent.filter(({ outcome }) => HANDLED.has(outcome)).map(({ durationMs }) => durationMs)
}

const HANDLED: ReadonlySet<AttemptOutcome> = new Set(['succeeded', 'failed', 'timedOut'])

function endOf(run: RunRecord | null): number | null {
  return run === null ? null : (run.finishedAt ?? run.startedAt ?? run.createdAt)
}

function latest(instants: readonly (number | null)[]): number | null {
  const known = instants.filter((at) => at !== null)
  return known.length === 0 ? null : Math.max(...known)
}
