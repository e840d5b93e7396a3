/** Whether one job is well: pure, one function per rule. The rules are listed in `docs/health.md`. */
import type { AttemptOutcome } from '../run/run-state.ts'
import type { JobStats } from '../store/runs.ts'
import type { JobFacts } from './health-facts.ts'
import type { Finding } from './judge-process.ts'
import { LONG_RUN_FACTOR, longRunOf } from './long-run.ts'
import { roughly } from '../time/roughly.ts'
import { stalenessOf } from './stale-after.ts'

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
    : { status: 'unhealthy', why: `${runsInARow(stats.failuresInARow)} dead (at most ${facts.maxFailures} may be)` }

function runsInARow(count: number): string {
  return count === 1 ? 'the last run is' : `${count} runs in a row are`
}

const staleSuccess: Rule = ({ now, facts, stats }) => {
  const stale = stalenessOf(now, facts, stats)
  if (stale === null) return null
  const { successAt, from } = stale
  const what =
    successAt === null ? `it has never succeeded, in ${roughly(now - from)}` : `the last success is ${roughly(now - successAt)} old`
  return { status: 'unhealthy', why: `${what} (stale after ${roughly(facts.staleAfterMs ?? 0)})` }
}

const neverFires: Rule = ({ facts }) => {
  const [first, ...others] = facts.neverFires
  if (first === undefined) return null
  return { status: 'degraded', why: `${first}${others.length === 0 ? '' : `; so it is with ${others.length} more`}` }
}

const missing: Rule = ({ facts }) =>
  facts.missing.length === 0
    ? null
    : { status: 'degraded', why: `missingSchedule: the store does not have ${facts.missing.slice(0, 3).join(', ')}` }

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
  const long = longRunOf(stats)
  if (facts.timeoutMs !== null || longestRun === null || long === null) return null
  const lastsMs = now - longestRun.startedAt
  if (lastsMs <= long.boundMs) return null
  const why = `run ${longestRun.runId} has lasted ${roughly(lastsMs)}, over ${LONG_RUN_FACTOR} × the p95 of ${roughly(long.p95)}, and has no timeout`
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
  missing,
  neverFires,
  longRun,
  stuckRuns,
]
