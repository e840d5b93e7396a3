/** Collects what `doctor` judges; every question to the store is bounded. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import type { HealthSnapshot } from '../health/snapshot.ts'
import type { Finding } from '../rollup/refresh-target.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Clock } from '../time/clock.ts'
import type { CommandContext } from './command.ts'
import { isRollup } from './known-rollup.ts'
import { isStartedHere } from './require-shared-store.ts'

/** The facts of one examination. */
export interface DoctorFacts {
  readonly nodeVersion: string
  readonly production: boolean
  readonly program: string
  /** Names of the jobs in the code. */
  readonly jobs: readonly string[]
  readonly store: StoreFacts
  /** `null` when the store cannot be reached, or shows nothing of the running service. */
  readonly state: StateFacts | null
  /** What rollups say of their sources; empty when the store does not answer. */
  readonly sources: readonly SourceFacts[]
}

/** How one rollup reads its source. */
export interface SourceFacts {
  readonly rollup: string
  readonly findings: readonly Finding[]
  /** Why nothing could be found; `null` when it could. */
  readonly error: string | null
}

/** How the store answered. */
export interface StoreFacts {
  readonly name: string
  readonly shared: boolean
  readonly durable: boolean
  /** `null` when it answered. */
  readonly error: string | null
  /** Median of a few calls. */
  readonly latencyMs: number | null
  /** Store clock minus this machine's. */
  readonly clockOffsetMs: number | null
}

/** What the store holds. */
export interface StateFacts {
  readonly health: HealthSnapshot
  /** Jobs with schedules or unfinished runs in the store. */
  readonly keptJobs: readonly string[]
  /** `job/schedule`. */
  readonly quarantined: readonly string[]
  readonly schedulesSeen: number
  /** False when there were more schedules than were looked at. */
  readonly complete: boolean
}

const CALLS = 5
const DEADLINE_MS = 5_000
const PAGE = 1_000
const MAX_PAGES = 20

/** Never throws for a store that does not answer: that is one of the facts. */
export async function collectDoctorFacts(context: CommandContext): Promise<DoctorFacts> {
  const { scheduler, clock, env, program } = context
  const store = await examineStore(scheduler, clock)
  const visible = store.error === null && (store.shared || (await isStartedHere(scheduler)))
  return {
    nodeVersion: process.versions.node,
    production: env.NODE_ENV === 'production',
    program,
    jobs: scheduler.jobs.map((job) => job.name),
    store,
    state: visible ? await examineState(context) : null,
    sources: store.error === null ? await examineSources(context) : [],
  }
}

async function examineStore({ store }: Scheduler, clock: Clock): Promise<StoreFacts> {
  const { shared = true, durable = true } = store.capabilities
  const facts = { name: store.name, shared, durable }
  try {
    await withDeadline(clock, store.open())
    const calls: { readonly latencyMs: number; readonly offsetMs: number }[] = []
    for (let call = 0; call < CALLS; call += 1) {
      const startedAt = clock.now()
      const from = clock.monotonic()
      const storeNow = await withDeadline(clock, store.now())
      const latencyMs = clock.monotonic() - from
      calls.push({ latencyMs, offsetMs: storeNow - (startedAt + latencyMs / 2) })
    }
    // The quickest call knows the offset best.
    calls.sort((a, b) => a.latencyMs - b.latencyMs)
    return { ...facts, error: null, latencyMs: calls[CALLS >> 1]?.latencyMs ?? null, clockOffsetMs: calls[0]?.offsetMs ?? null }
  } catch (error) {
    return { ...facts, error: wordsOf(error), latencyMs: null, clockOffsetMs: null }
  }
}

async function examineState({ scheduler, progress }: CommandContext): Promise<StateFacts> {
  const health = await scheduler.health()
  const keptJobs = new Set<string>()
  const quarantined: string[] = []
  let schedulesSeen = 0
  let after: { readonly job: string; readonly name: string } | undefined
  let complete = false
  for (let page = 0; page < MAX_PAGES && !complete; page += 1) {
    const schedules = await scheduler.schedules.list({ limit: PAGE, ...(after === undefined ? {} : { after }) })
    for (const { job, name, state } of schedules) {
      keptJobs.add(job)
      if (state === 'quarantined') quarantined.push(`${job}/${name}`)
    }
    schedulesSeen += schedules.length
    progress.update(`${schedulesSeen} schedules looked at …`)
    after = schedules.at(-1)
    complete = schedules.length < PAGE
  }
  for (const run of await scheduler.runs.find({ state: ['pending', 'waiting'], limit: PAGE })) keptJobs.add(run.job)
  return { health, keptJobs: [...keptJobs], quarantined, schedulesSeen, complete }
}

/** Each by itself: databases of rollups may be others than the store's. */
async function examineSources({ scheduler, clock }: CommandContext): Promise<readonly SourceFacts[]> {
  const sources: SourceFacts[] = []
  for (const rollup of scheduler.jobs.filter(isRollup)) {
    try {
      const findings = await withDeadline(clock, scheduler.rollups.examine(rollup))
      sources.push({ rollup: rollup.name, findings, error: null })
    } catch (error) {
      sources.push({ rollup: rollup.name, findings: [], error: wordsOf(error) })
    }
  }
  return sources
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}

function withDeadline<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(
      () => reject(new QuarterjackError('StoreTimedOut', `no answer within ${DEADLINE_MS / 1_000} s`)),
      DEADLINE_MS,
    )
    answer.then(resolve, reject).finally(() => clock.clearTimer(timer))
  })
}
