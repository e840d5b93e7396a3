/** Gathers the facts of health from this process and its store. */
import type { Engine } from '../engine/engine.ts'
import { missingSchedules } from '../engine/plan-registration.ts'
import type { HealthFacts, JobFacts } from '../health/health-facts.ts'
import { defaultStaleAfter, stalenessOf } from '../health/stale-after.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { rollupOfBackfillJob } from '../rollup/rollup-run.ts'
import { nextFiringSlot } from '../schedule/next-slots.ts'
import { describeNoSlot } from '../schedule/no-slot.ts'
import { parseSpec, resolveSpec } from '../schedule/resolve-spec.ts'
import type { JobStats, RunStore } from '../store/runs.ts'
import type { MisfireLog } from './misfire-log.ts'
import type { RollupParts } from './rollup-parts.ts'

export interface GatherDeps {
  readonly engine: Engine
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly readFreshness: RollupParts['readFreshness']
  readonly storeName: string
  readonly concurrency: number
  readonly leaseMs: number
  /** Store time, estimated. */
  readonly now: () => number
  /** Store time of this process's start; null before it. */
  readonly startedAt: number | null
  readonly stopped: boolean
  readonly startError: string | null
  readonly listenerErrors: number
  readonly misfires: MisfireLog
}

/** Never throws: a store that does not answer is a fact too. Asks the store once, and once more where there are rollups. */
export async function gatherHealth(deps: GatherDeps): Promise<HealthFacts> {
  const names = [...deps.policies.keys()]
  const [{ stats, error }, judgeFreshness] = await Promise.all([
    askStore(deps.engine, names),
    deps.readFreshness(deps.rollups, deps.engine.callOnce),
  ])
  const facts = deps.engine.facts()
  const now = stats?.storeNow ?? deps.now()
  const known: ReadonlyMap<string, JobStats> = new Map(stats?.jobs.map((one) => [one.job, one]))
  return {
    now,
    process: {
      owner: facts.owner,
      stopped: deps.stopped,
      startError: deps.startError,
      running: facts.running,
      concurrency: deps.concurrency,
      stuck: facts.stuck,
      loopLagMs: { ...facts.loopLag },
      staleResults: facts.staleResults,
      listenerErrors: deps.listenerErrors,
    },
    store: {
      name: deps.storeName,
      reachable: stats !== null,
      latencyMs: facts.store.latency.values(),
      clockOffsetMs: facts.store.clockOffsetMs,
      error: facts.store.error ?? error,
      failingForMs: facts.store.failingForMs,
      lost: facts.lost,
    },
    owners: stats?.owners ?? null,
    jobs: (
      await Promise.all(names.map((name) => withExecuting(deps.engine, now, jobFacts(deps, name, { now, stats: known.get(name) ?? null }))))
    ).filter(isWorthShowing),
    rollups: judgeFreshness((rollup) => known.get(rollup)?.registeredAt ?? null),
  }
}

/** The job behind a rollup's backfills is nobody's concern while there are none. */
function isWorthShowing({ job, stats }: JobFacts): boolean {
  if (rollupOfBackfillJob(job) === null) return true
  if (stats === null) return false
  return stats.running + stats.pending + stats.waiting + stats.failuresInARow > 0
}

type Stats = Awaited<ReturnType<RunStore['stats']>>

async function askStore(engine: Engine, jobs: readonly string[]): Promise<{ readonly stats: Stats | null; readonly error: string | null }> {
  try {
    return { stats: await engine.callOnce('runs.stats', (store) => store.runs.stats({ jobs })), error: null }
  } catch (error) {
    return { stats: null, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Runs of one job that are asked for. */
const MOST_EXECUTING = 100

/** What looks stale may be executing elsewhere: only then, and where the last run to start does not tell, is the store asked for it. */
async function withExecuting(engine: Engine, now: number, facts: JobFacts): Promise<JobFacts> {
  const { job, stats } = facts
  if (stats === null || stats.running === 0 || !facts.isStaleAfterDefault || stalenessOf(now, facts, stats) === null) return facts
  const { running, lastRun } = stats
  if (running === 1 && lastRun?.state === 'running' && lastRun.startedAt !== null) return { ...facts, executingSince: [lastRun.startedAt] }
  try {
    const query = { job, states: ['running'] as const, limit: MOST_EXECUTING }
    const { runs } = await engine.callOnce('runs.find', (store) => store.runs.find(query))
    return { ...facts, executingSince: runs.flatMap(({ startedAt }) => startedAt ?? []) }
  } catch {
    return facts
  }
}

function jobFacts(deps: GatherDeps, name: string, { now, stats }: { readonly now: number; readonly stats: JobStats | null }): JobFacts {
  const policy = deps.policies.get(name) as JobPolicy
  const longest = deps.engine.longestRun(name)
  // While another version is in force, its schedules count.
  const isInForce = stats !== null && stats.generation === deps.engine.generationOf(name) && stats.statics.length < MOST_STATICS
  return {
    job: name,
    staleAfterMs: policy.health.staleAfterMs ?? defaultStaleAfter(slotsOf(policy, now)),
    isStaleAfterDefault: policy.health.staleAfterMs === null,
    maxFailures: policy.health.maxFailures,
    timeoutMs: policy.timeoutMs,
    misfireAfterMs: policy.misfireAfterMs ?? deps.leaseMs + 5_000,
    rateLimited: policy.rateLimit !== null,
    suspended: stats?.suspended ?? null,
    // A process that restarts often must not look as if the job were new each time.
    registeredAt: notBeforeStart(policy, stats?.registeredAt ?? deps.startedAt),
    resumedAt: stats?.resumedAt ?? null,
    longestRun: longest,
    executingSince: longest === null ? [] : [longest.startedAt],
    neverFires: stats?.unfired.map(describeUnfired) ?? [],
    missing: isInForce ? missingSchedules(policy, stats.statics) : [],
    misfires: deps.misfires.of(name),
    stats,
  }
}

/** Before the earliest `start` of its static schedules, there is nothing that could succeed. */
function notBeforeStart({ schedules }: JobPolicy, registeredAt: number | null): number | null {
  if (registeredAt === null || schedules.length === 0) return registeredAt
  return Math.max(registeredAt, Math.min(...schedules.map(({ schedule }) => schedule.spec.startAt ?? 0)))
}

/** Stores stop naming static schedules here. */
const MOST_STATICS = 1_000

function describeUnfired({ name, spec }: JobStats['unfired'][number]): string {
  try {
    return `schedule ${name} is exhausted and has never fired: ${describeNoSlot(parseSpec(spec))}`
  } catch {
    return `schedule ${name} is exhausted and has never fired`
  }
}

/** The next slots of each static schedule: what the default of `staleAfter` follows from. */
function slotsOf(policy: JobPolicy, now: number): readonly (readonly number[])[] {
  return policy.schedules.map(({ schedule }) => {
    const spec = resolveSpec(schedule.spec, now)
    const slots: number[] = []
    for (
      let slot = nextFiringSlot(spec, schedule.excludes, now);
      slot !== null && slots.length < 100;
      slot = nextFiringSlot(spec, schedule.excludes, slot)
    ) {
      slots.push(slot)
    }
    return slots
  })
}
