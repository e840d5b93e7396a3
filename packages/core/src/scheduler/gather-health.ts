/** Gathers the facts of health from this process and its store. */
import type { Engine } from '../engine/engine.ts'
import type { HealthFacts, JobFacts } from '../health/health-facts.ts'
import { defaultStaleAfter, stalenessOf } from '../health/stale-after.ts'
import type { JobPolicy } from '../job/job.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { rollupOfBackfillJob } from '../rollup/rollup-jobs.ts'
import { nextFiringSlot } from '../schedule/next-slots.ts'
import { describeNoSlot } from '../schedule/no-slot.ts'
import { parseSpec, resolveSpec } from '../schedule/resolve-spec.ts'
import type { JobRecord, ScheduleRecord } from '../store/records.ts'
import type { JobStats } from '../store/runs.ts'
import type { MisfireLog } from './misfire-log.ts'
import { freshnessOf, readRollupStates, registeredSince } from './read-freshness.ts'

export interface GatherDeps {
  readonly engine: Engine
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly storeName: string
  readonly concurrency: number
  readonly leaseMs: number
  /** Store time, estimated. */
  readonly now: () => number
  /** Store time of this process's start; null before it. */
  readonly startedAt: number | null
  readonly stopped: boolean
  readonly listenerErrors: number
  readonly misfires: MisfireLog
}

/** Never throws: a store that does not answer is a fact too. */
export async function gatherHealth(deps: GatherDeps): Promise<HealthFacts> {
  const names = [...deps.policies.keys()]
  const [{ answer, error }, states] = await Promise.all([
    askStore(deps.engine, names),
    readRollupStates(deps.rollups, deps.engine.callOnce),
  ])
  const facts = deps.engine.facts()
  const now = answer?.stats.storeNow ?? deps.now()
  return {
    now,
    process: {
      owner: facts.owner,
      stopped: deps.stopped,
      running: facts.running,
      concurrency: deps.concurrency,
      stuck: facts.stuck,
      loopLagMs: { ...facts.loopLag },
      staleResults: facts.staleResults,
      listenerErrors: deps.listenerErrors,
    },
    store: {
      name: deps.storeName,
      reachable: answer !== null,
      latencyMs: facts.store.latency.values(),
      clockOffsetMs: facts.store.clockOffsetMs,
      error: facts.store.error ?? error,
      failingForMs: facts.store.failingForMs,
      lost: facts.lost,
    },
    owners: answer?.stats.owners ?? null,
    jobs: (
      await Promise.all(
        names.map((name, index) => {
          const stats = answer?.stats.jobs[index] ?? null
          const record = answer?.records.find((one) => one.job === name) ?? null
          const schedules = answer?.schedules.filter((one) => one.job === name) ?? []
          return withExecuting(deps.engine, now, jobFacts(deps, name, now, { stats, record, schedules }))
        }),
      )
    ).filter(isWorthShowing),
    rollups: freshnessOf(deps.rollups, states, (rollup) => registeredSince(answer?.schedules ?? [], rollup)),
  }
}

/** The job behind a rollup's backfills is nobody's concern while there are none. */
function isWorthShowing({ job, stats }: JobFacts): boolean {
  if (rollupOfBackfillJob(job) === null) return true
  if (stats === null) return false
  return stats.running + stats.pending + stats.waiting + stats.failuresInARow > 0
}

interface StoreAnswer {
  readonly stats: { readonly storeNow: number; readonly jobs: readonly JobStats[]; readonly owners: number }
  readonly records: readonly JobRecord[]
  readonly schedules: readonly ScheduleRecord[]
}

async function askStore(
  engine: Engine,
  jobs: readonly string[],
): Promise<{ readonly answer: StoreAnswer | null; readonly error: string | null }> {
  try {
    const [stats, loaded] = await Promise.all([
      engine.callOnce('runs.stats', (store) => store.runs.stats({ jobs })),
      engine.callOnce('schedules.load', (store) => store.schedules.load({ jobs })),
    ])
    return { answer: { stats, records: loaded.jobs, schedules: loaded.schedules }, error: null }
  } catch (error) {
    return { answer: null, error: error instanceof Error ? error.message : String(error) }
  }
}

/** Runs of one job that are asked for. */
const MOST_EXECUTING = 100

/** What looks stale may be executing elsewhere: only then is the store asked for it. */
async function withExecuting(engine: Engine, now: number, facts: JobFacts): Promise<JobFacts> {
  const { job, stats } = facts
  if (stats === null || stats.running === 0 || !facts.isStaleAfterDefault || stalenessOf(now, facts, stats) === null) return facts
  try {
    const query = { job, states: ['running'] as const, limit: MOST_EXECUTING }
    const { runs } = await engine.callOnce('runs.find', (store) => store.runs.find(query))
    return { ...facts, executingSince: runs.flatMap(({ startedAt }) => startedAt ?? []) }
  } catch {
    return facts
  }
}

interface StoredJob {
  readonly stats: JobStats | null
  readonly record: JobRecord | null
  readonly schedules: readonly ScheduleRecord[]
}

function jobFacts(deps: GatherDeps, name: string, now: number, { stats, record, schedules }: StoredJob): JobFacts {
  const policy = deps.policies.get(name) as JobPolicy
  const longest = deps.engine.longestRun(name)
  return {
    job: name,
    staleAfterMs: policy.health.staleAfterMs ?? defaultStaleAfter(slotsOf(policy, now)),
    isStaleAfterDefault: policy.health.staleAfterMs === null,
    maxFailures: policy.health.maxFailures,
    timeoutMs: policy.timeoutMs,
    misfireAfterMs: policy.misfireAfterMs ?? deps.leaseMs + 5_000,
    rateLimited: policy.rateLimit !== null,
    suspended: record?.suspended ?? null,
    // A process that restarts often must not look as if the job were new each time.
    registeredAt: notBeforeStart(policy, schedules.length === 0 ? deps.startedAt : Math.min(...schedules.map((one) => one.createdAt))),
    resumedAt: record?.suspendedStretches.at(-1)?.[1] ?? null,
    longestRun: longest,
    executingSince: longest === null ? [] : [longest.startedAt],
    neverFires: schedules.filter(isSpentUnused).map(describeUnused),
    misfires: deps.misfires.of(name),
    stats,
  }
}

/** Before the earliest `start` of its static schedules, there is nothing that could succeed. */
function notBeforeStart({ schedules }: JobPolicy, registeredAt: number | null): number | null {
  if (registeredAt === null || schedules.length === 0) return registeredAt
  return Math.max(registeredAt, Math.min(...schedules.map(({ schedule }) => schedule.spec.startAt ?? 0)))
}

/** No slot to come, and none that ever was. */
function isSpentUnused({ nextSlot, slots, quarantined }: ScheduleRecord): boolean {
  return nextSlot === null && slots === 0 && quarantined === null
}

function describeUnused({ name, spec }: ScheduleRecord): string {
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
