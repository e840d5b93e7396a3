/** Rollups in one process: their definitions in the store, their marks digested, their runs carried out. */
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { NonRetryableError } from '../errors/run-errors.ts'
import type { JobPolicy, RunContext } from '../job/job.ts'
import type { Logger } from '../observe/logger.ts'
import { type DrainPass, drainMarks } from '../rollup/drain-marks.ts'
import { nextDueAt } from '../rollup/due.ts'
import { readPace, waitsOf } from '../rollup/pace.ts'
import { refreshBackfill } from '../rollup/refresh-backfill.ts'
import { refreshWindows } from '../rollup/refresh-windows.ts'
import type { RefreshEnd, RollupDeps } from '../rollup/refresh-work.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { rollupJobs } from '../rollup/rollup-jobs.ts'
import { backfillJob, backfillRunRequest, backfillRuns, laterRequest, readBackfillPayload, refreshRequest } from '../rollup/rollup-run.ts'
import type { EnqueueRequest } from '../store/runs.ts'
import { type DefinedRollup, defineRollups } from './define-rollups.ts'
import { createDrainLoop } from './drain-loop.ts'
import type { Standing } from './register.ts'

/** Marks that other processes or triggers make are found within the debounce, within these bounds. */
const LEAST_POLL_MS = 1_000
const MOST_POLL_MS = 5_000
/** Marks that could not be digested since a refresh holds their window: looked at again after this long. */
const LEFT_MS = 250
/** Unfinished ones that are looked at. */
const MOST_BACKFILLS = 1_000
/** A run on a node with another version of its rollup comes back after this long, perhaps elsewhere. */
const ELSEWHERE_MS = 5_000
const AT_ONCE = { waitMs: 0, maxWaitMs: 0 }

export interface RollupEngineDeps extends RollupDeps {
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly logger: Logger
  /** Store time, estimated. */
  readonly storeNow: () => number
  readonly enqueue: (request: EnqueueRequest) => Promise<unknown>
  /** Looks how definitions stand in the store. */
  readonly registerAgain: () => Promise<void>
  /** There may be new runs, now or later: looks for them, and learns when the next one is due. */
  readonly stir: () => void
}

export interface RollupEngine {
  /** The jobs behind the rollups. */
  readonly policies: readonly JobPolicy[]
  /**
   * Jobs were registered: the rollups whose definition is in force are written, or found as they are. Answers with the jobs of the others,
   * whose runs this process leaves alone.
   */
  registered(standings: ReadonlyMap<string, Standing>): Promise<readonly string[]>
  /** Begins to digest marks, if there is a rollup among `jobs`. */
  start(jobs: readonly string[]): void
  /** There are new marks. */
  kick(): void
  /** Resolves when no marks are being digested. */
  settled(): Promise<void>
  stop(): Promise<void>
}

export function createRollupEngine(deps: RollupEngineDeps): RollupEngine {
  const { rollups, logger, clock, random, nextId } = deps
  /** Of the rollups that this process may refresh. */
  let generations: ReadonlyMap<string, number> = new Map()
  let registeredAt = Number.NEGATIVE_INFINITY
  let pollMs = MOST_POLL_MS
  const unreadable = new Set<string>()

  const loop = createDrainLoop({
    clock,
    random,
    logger,
    async drain() {
      const pass = await drainMarks(deps)
      warnOfUnreadable(pass)
      // The store made the debounced runs by itself; nobody else says when they are due.
      if (pass.digested > 0) deps.stir()
      const parkedMs = pass.nextMarkAt === null ? pollMs : Math.max(0, pass.nextMarkAt - pass.storeNow)
      // Where all that is left is held by refreshes, there is nothing to do but to wait.
      return { more: pass.more && (pass.digested > 0 || pass.left === 0), againInMs: Math.min(pass.left > 0 ? LEFT_MS : pollMs, parkedMs) }
    },
  })

  const warnOfUnreadable = ({ unreadable: found }: DrainPass): void => {
    for (const { rollup, source, reason } of found) {
      if (unreadable.has(rollup)) continue
      unreadable.add(rollup)
      logger.warn({ rollup, source }, `marks of "${source}" are left to a newer version: ${reason}`)
    }
  }

  /** The generation that this process knows; without one, the run comes again, perhaps where it is known. */
  const generationOf = async (rollup: Rollup, ctx: RunContext, again: EnqueueRequest): Promise<number> => {
    const generation = generations.get(rollup.name)
    if (generation !== undefined) return generation
    await deps.enqueue(again)
    return ctx.skip('the rollup is defined otherwise by another version of the program')
  }

  /** Another version has replaced a definition: once that is known, its runs are left to that version, and do not come back here. */
  const lookAgain = (): void => {
    deps
      .registerAgain()
      .catch((error: unknown) => logger.warn({ err: error }, 'how rollups are defined could not be looked up; it is tried again'))
  }

  /** When a window falls due that no slot will come for: it had ended when the schedule was registered. */
  const dueWithoutSlot = ({ policy }: Rollup, now: number): number => {
    const dueAt = nextDueAt(policy, now)
    return dueAt - policy.planning.graceMs <= registeredAt ? dueAt : Number.POSITIVE_INFINITY
  }

  /** One run more, where something is left that no slot will come for. */
  const follow = async (rollup: Rollup, after: string, nextAt: number | null): Promise<void> => {
    const now = deps.storeNow()
    const unslotted = dueWithoutSlot(rollup, now)
    const at = nextAt !== null && nextAt < nextDueAt(rollup.policy, now) ? Math.min(nextAt, unslotted) : unslotted
    if (at === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(0, at - now)
    const atSecond = delayMs < 1_000 ? undefined : Math.ceil(at / 1_000)
    await deps.enqueue(laterRequest({ id: nextId(), rollup: rollup.name, after, atSecond }, delayMs))
  }

  /** What is put together from a rollup may have waited for it to come so far: no mark tells of windows that had no rows. */
  const tellParents = async ({ name }: Rollup): Promise<void> => {
    const parents = [...rollups.values()].filter(({ policy }) => policy.after.includes(name))
    const requests = parents.map(({ name: rollup, policy }) => refreshRequest({ id: nextId(), rollup, triggers: 1 }, policy.planning))
    await Promise.all(requests.map(deps.enqueue))
  }

  /** A run that ends badly lets go of windows whose marks are digested: another must come for them, unless this one comes again anyway. */
  const leave = async (rollup: Rollup, ctx: RunContext, error: unknown): Promise<never> => {
    if (!QuarterjackError.isInstance(ctx.signal.reason, 'SchedulerStopped')) {
      const later = laterRequest({ id: nextId(), rollup: rollup.name, after: ctx.runId }, ELSEWHERE_MS)
      await deps.enqueue(later).catch(() => undefined)
    }
    throw error
  }

  const refresh = async (rollup: Rollup, ctx: RunContext): Promise<unknown> => {
    const elsewhere = laterRequest({ id: nextId(), rollup: rollup.name, after: ctx.runId }, ELSEWHERE_MS)
    const generation = await generationOf(rollup, ctx, elsewhere)
    const end = await refreshWindows({ rollup, generation, ctx, deps }).catch((error: unknown) => leave(rollup, ctx, error))
    await follow(rollup, ctx.runId, end.nextAt)
    if (end.hasMoved) await tellParents(rollup)
    if (end.isRedefined) lookAgain()
    loop.kick()
    return judgeEnd(rollup, ctx, end)
  }

  const backfill = async (rollup: Rollup, ctx: RunContext): Promise<unknown> => {
    const asked = readBackfillPayload(ctx.payload)
    if (asked === null) return ctx.skip('it names no backfill')
    const again = (delayMs: number): EnqueueRequest => backfillRunRequest({ id: nextId(), rollup: rollup.name, ...asked }, delayMs)
    const generation = await generationOf(rollup, ctx, again(ELSEWHERE_MS))
    const end = await refreshBackfill({ rollup, generation, ctx, deps, backfill: asked.backfill })
    if (end.nextAt !== null) await deps.enqueue(again(Math.max(0, end.nextAt - deps.storeNow())))
    // What it held is free, and dirty without a mark to ask for it.
    else if (end.backfill?.state !== 'running')
      await deps.enqueue(refreshRequest({ id: nextId(), rollup: rollup.name, triggers: 1 }, rollup.policy.planning))
    if (end.isRedefined) lookAgain()
    loop.kick()
    return end.summary
  }

  /** Backfills whose runs are gone, as after the loss of a store's newest writes, get new ones; those that have theirs share them. */
  const resumeBackfills = async (): Promise<void> => {
    const { backfills } = await deps.call('windows.backfills.find', (windows) =>
      windows.backfills.find({ unfinished: true, limit: MOST_BACKFILLS }),
    )
    const running = backfills.filter(({ rollup, state }) => state === 'running' && generations.has(rollup))
    await Promise.all(running.flatMap((record) => backfillRuns(record, nextId)).map(deps.enqueue))
  }

  /** What fell due, or was marked, while nobody worked. */
  const catchUp = async ({ rollup, record, isBehind }: DefinedRollup, isStart: boolean): Promise<void> => {
    await follow(rollup, nextId(), null)
    if (!isBehind) return
    // Nothing is gathered for who has just come: of processes that come and go, each would put off what the one before had asked for.
    const waits = isStart ? AT_ONCE : waitsOf(readPace(record.pace), rollup.policy.planning, deps.storeNow())
    await deps.enqueue(refreshRequest({ id: nextId(), rollup: rollup.name, triggers: 1 }, waits))
  }

  const policies = [...rollups.values()].flatMap((rollup) => rollupJobs(rollup, { refresh, backfill }))

  return {
    policies,
    async registered(standings) {
      const own = [...rollups.values()].filter(({ name }) => standings.get(name)?.current === true)
      const isStart = generations.size === 0
      const others = [...rollups.keys()].filter((name) => standings.get(name)?.current === false)
      const defined = own.length === 0 ? [] : await defineRollups(own, deps)
      // A look at what stands as it stood leaves its slots alone: those that have begun still come.
      if (defined.some(({ rollup, record }) => generations.get(rollup.name) !== record.generation)) registeredAt = deps.storeNow()
      generations = new Map(defined.map(({ rollup, record }) => [rollup.name, record.generation]))
      // Together: calls that are made in one turn share one to the store.
      if (defined.length > 0) await Promise.all([resumeBackfills(), ...defined.map((one) => catchUp(one, isStart))])
      return others.flatMap((name) => [name, backfillJob(name)])
    },
    start(jobs) {
      const waits = jobs.flatMap((job) => rollups.get(job)?.policy.planning.waitMs ?? [])
      if (waits.length === 0) return
      pollMs = Math.min(MOST_POLL_MS, Math.max(LEAST_POLL_MS, Math.min(...waits)))
      loop.start()
    },
    kick: loop.kick,
    settled: loop.settled,
    async stop() {
      await loop.stop()
      generations = new Map()
    },
  }
}

/** A run of which nothing came but failures has failed; one that marks asked for, and that found nothing left of them, was for nothing. */
function judgeEnd(rollup: Rollup, ctx: RunContext, { summary, error, isRedefined }: RefreshEnd): RefreshEnd['summary'] {
  const { refreshed, failed } = summary
  if (isRedefined && refreshed === 0) ctx.skip('the rollup was defined anew')
  if (refreshed > 0 || (failed === 0 && ctx.trigger !== 'debounce')) return summary
  if (failed === 0) ctx.skip('nothing to refresh')
  // Its windows are tried again by themselves, each in its time: the run need not be.
  throw new NonRetryableError(
    `${failed} ${failed === 1 ? 'window' : 'windows'} of rollup "${rollup.name}" could not be refreshed: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  )
}
