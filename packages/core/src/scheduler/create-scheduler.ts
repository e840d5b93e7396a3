/** `createScheduler`: the facade over one engine. */
import { createEngine } from '../engine/create-engine.ts'
import type { Engine, PassRule } from '../engine/engine.ts'
import { prepareDefinition, type Definition } from '../engine/register.ts'
import { createStoreLink } from '../engine/store-link.ts'
import { checkCount, checkList, checkNames } from '../errors/check-call.ts'
import { auditSchedules } from '../health/audit.ts'
import { snapshotHealth } from '../health/snapshot-health.ts'
import type { JobPolicy } from '../job/job.ts'
import { createEmitter } from '../observe/emitter.ts'
import { resolveLogger } from '../observe/resolve-logger.ts'
import { createIds } from '../random/ids.ts'
import { parseDuration } from '../time/duration.ts'
import { createMarker } from '../trigger/marker.ts'
import { checkAfter } from './check-after.ts'
import { createJobControl } from './control-jobs.ts'
import { gatherHealth } from './gather-health.ts'
import { handleSignals } from './handle-signals.ts'
import { createLifeCycle } from './life-cycle.ts'
import { createKnownJobs, jobName, withBackfills } from './job-ref.ts'
import { createMark } from './mark-changes.ts'
import { createMisfireLog } from './misfire-log.ts'
import { createPreview } from './preview.ts'
import { reachedStore } from './reached-store.ts'
import { resolveSchedulerOptions, SCHEDULER_DEFAULTS } from './resolve-options.ts'
import { partsOf } from './rollup-parts.ts'
import type { HandleDeps } from './run-handle.ts'
import { createRunsGroup } from './runs-group.ts'
import { createSchedulesGroup } from './schedules-group.ts'
import type { JobRef, Scheduler, SchedulerOptions } from './scheduler.ts'
import { startRun } from './start-run.ts'
import { countOutcomes, wakeDate } from './tick.ts'
import { createRunWatch } from './watch-runs.ts'
import { createTriggers } from './trigger-runs.ts'
import { WITHOUT_ROLLUPS } from './without-rollups.ts'

interface StopReport {
  readonly stuck: readonly string[]
}

/** How `start` and `tick` differ. */
interface Beginning {
  readonly only?: readonly JobRef[] | undefined
  readonly pass?: PassRule
  readonly withStartRuns: boolean
}

/**
 * Makes a scheduler. Nothing runs until `start()`; without it the scheduler is a client. One store
 * may serve many schedulers, in one process or in many.
 *
 * @example
 * const scheduler = createScheduler({ store: memoryStore(), jobs: [report] })
 * await scheduler.start()
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const resolved = resolveSchedulerOptions(options)
  const { store, clock, random, leaseMs, rollups } = resolved
  const { logger } = resolveLogger(resolved.logger, clock)
  checkAfter(resolved.policies, rollups, logger)
  const emitter = createEmitter({
    clock,
    onListenerError: ({ event, error, unreported }) =>
      logger.error({ event, error, unreported }, `a listener of "${event}" failed: ${error.message}`),
  })
  const nextId = createIds(clock.now, random)
  const link = createStoreLink({ store, clock, deadlineMs: resolved.storeTimeoutMs, emitter })
  const rollupParts = partsOf(rollups, WITHOUT_ROLLUPS)
  const rollupEngine = rollupParts.createEngine({
    rollups,
    store,
    clock,
    random,
    nextId,
    logger,
    storeNow: link.clock.now,
    engine: () => engine,
  })
  const policies: ReadonlyMap<string, JobPolicy> = new Map([
    ...resolved.policies,
    ...rollupEngine.policies.map((policy) => [policy.name, policy] as const),
  ])
  const engine: Engine = createEngine({
    link,
    clock,
    random,
    nextId,
    emitter,
    logger,
    concurrency: resolved.concurrency,
    leaseMs,
    abortGraceMs: resolved.abortGraceMs,
    limits: resolved.limits,
    around: resolved.around ?? null,
    policies,
    onRegistered: rollupEngine.registered,
    schedulerOf: (run) => createTriggers(triggerDeps, run),
  })
  const misfires = createMisfireLog(emitter, link.clock.now)

  let opening: Promise<void> | null = null
  let definitions: readonly Definition[] = []
  let startedAt: number | null = null
  let releaseSignals: (() => void) | null = null

  /** Opens the store once; a failed opening is tried again by the next call. */
  const open = (): Promise<void> => {
    opening ??= engine
      .call('open', (opened) => opened.open().then(() => ({})))
      .then(() => engine.call('now', async (opened) => ({ storeNow: await opened.now() })))
      .then(
        () => undefined,
        (error: unknown) => {
          opening = null
          throw error
        },
      )
    return opening
  }

  const call: typeof engine.call = async (verb, run) => {
    await open()
    return engine.call(verb, run)
  }

  const storeNow = async (): Promise<number> => (await call('now', async (opened) => ({ storeNow: await opened.now() }))).storeNow

  const handles: HandleDeps = { clock, ...createRunWatch({ store, clock, call }) }

  const jobs = createKnownJobs(policies, call)
  const maxPayloadBytes = resolved.limits.payload
  const triggerDeps = { engine, store, open, nextId, maxPayloadBytes, jobs, handles, trace: resolved.trace }
  const { trigger, triggerMany } = createTriggers(triggerDeps)

  const startDeps = { nextId, maxPayloadBytes: resolved.limits.payload, enqueue: engine.enqueue }

  const startJobs = async ({ only, pass, withStartRuns }: Beginning): Promise<void> => {
    const chosen = only === undefined ? [...policies.values()] : only.flatMap((job) => withBackfills(jobName(job, 'start: only'), jobs))
    definitions = await Promise.all(chosen.map((policy) => prepareDefinition(policy, resolved.limits.payload)))
    await open()
    const standings = await engine.start(definitions, pass)
    startedAt = link.clock.now()
    rollupEngine.start(chosen.map(({ name }) => name))
    if (withStartRuns)
      await Promise.all(definitions.map(({ policy }) => startRun(policy, standings.get(policy.name)?.generation ?? 0, startDeps)))
    emitter.emit('scheduler.started', { owner: engine.facts().owner ?? '', jobs: chosen.map(({ name }) => name) })
  }

  const end = async (graceMs: number): Promise<StopReport> => {
    releaseSignals?.()
    releaseSignals = null
    const stuck = await engine.stop(graceMs).finally(rollupEngine.stop)
    if (stuck.length > 0) logger.error({ stuck }, `stopped, but what ignores abort still executes: ${stuck.join(', ')}`)
    emitter.emit('scheduler.stopped', { stuck })
    return { stuck }
  }

  const life = createLifeCycle<Beginning, StopReport>({
    begin: startJobs,
    undo: () => Promise.allSettled([rollupEngine.stop(), engine.stop(0)]),
    end,
    nothing: { stuck: [] },
  })

  const stop = async (stopOptions: { readonly grace?: number | string } = {}): Promise<StopReport> => {
    checkNames(stopOptions, ['grace'], 'stop')
    return life.end(parseDuration(stopOptions.grace ?? SCHEDULER_DEFAULTS.stopGrace, 'stop: grace'))
  }

  const scheduler: Scheduler = {
    store,
    jobs: resolved.jobs,

    async start(startOptions = {}) {
      checkNames(startOptions, ['only', 'runOnStart'], 'start')
      if (startOptions.only !== undefined) checkList(startOptions.only, 'start: only', 'jobs or names')
      await life.begin({ only: startOptions.only, withStartRuns: startOptions.runOnStart !== false })
      if (resolved.signalGraceMs !== null && life.isRunning()) {
        const grace = resolved.signalGraceMs
        releaseSignals = handleSignals((signal) => {
          logger.info({ signal }, `${signal}: stopping`)
          return stop({ grace })
        })
      }
    },
    stop: stop as Scheduler['stop'],

    async tick(tickOptions = {}) {
      checkNames(tickOptions, ['limit', 'budget', 'every'], 'tick')
      const quota = checkCount(tickOptions.limit ?? 100, 'tick: limit', { least: 1 })
      const budgetMs = parseDuration(tickOptions.budget ?? '30s', 'tick: budget', 1)
      const everyMs = parseDuration(tickOptions.every ?? '1m', 'tick: every', 0)
      const until = clock.monotonic() + budgetMs
      let nextWakeAt: Date | null = null
      // A tick comes and goes; it is no deploy.
      await life.begin({ pass: { quota, everyMs }, withStartRuns: false })
      const { counts, stop: stopCounting } = countOutcomes(emitter, (job) => {
        // It never runs where passes come less often than they are said to.
        if (policies.get(job)?.catchUp.mode === 'none')
          logger.warn({ job }, `tick: job "${job}" missed slots for good: say in every how far apart passes are`)
      })
      try {
        await rollupEngine.settled()
        await engine.quietWithin(budgetMs)
        nextWakeAt = wakeDate(engine.nextWakeAt())
      } finally {
        const isStopped = !life.isRunning()
        await stop({ grace: Math.max(0, Math.round(until - clock.monotonic())) })
        // Between ticks it is at rest, not at its end.
        if (!isStopped) life.rest()
        stopCounting()
      }
      return { ...counts, nextWakeAt }
    },

    trigger,
    triggerMany,
    ...createJobControl({ call, emitter, rollups, jobs, onChanged: engine.stir }),
    mark: createMark({
      store,
      open,
      marker: createMarker({ clock, call: engine.call, callOnce: engine.callOnce, onMarked: rollupEngine.kick }),
    }),
    ...rollupParts.createGroup({ clock, store, call, rollups, nextId, storeNow, logger, stir: engine.stir }),

    preview: createPreview({ call, jobs }),

    async health() {
      // A store that cannot be opened is a finding, not an error.
      await open().catch(() => undefined)
      return snapshotHealth(
        await gatherHealth({
          engine,
          policies,
          rollups,
          readFreshness: rollupParts.readFreshness,
          storeName: store.name,
          concurrency: resolved.concurrency,
          leaseMs,
          now: link.clock.now,
          startedAt,
          stopped: life.isStopped(),
          startError: life.failure,
          listenerErrors: emitter.listenerErrors(),
          misfires,
        }),
      )
    },
    live: () => !life.isStopped() && engine.live(),
    async audit(auditOptions = {}) {
      checkNames(auditOptions, ['job', 'limit'], 'audit')
      const { job, limit } = auditOptions
      if (limit !== undefined) checkCount(limit, 'audit: limit', { least: 1 })
      const names = job === undefined ? undefined : [jobName(job, 'audit: job')]
      await open()
      if (names !== undefined) await jobs.kept(names[0] as string)
      return auditSchedules(reachedStore(store, engine.call), {
        jobs: names,
        limit,
        pause: () => new Promise((resolve) => clock.defer(resolve)),
      })
    },
    on: (event, listener) => emitter.on(event, listener),

    runs: createRunsGroup({ ...handles, call, policies, nextId, enqueue: (request) => engine.enqueue({ request, merge: null }) }),
    schedules: createSchedulesGroup({
      call,
      jobs,
      logger,
      policies,
      nextId,
      maxPayloadBytes: resolved.limits.payload,
      storeNow,
      onWritten: engine.stir,
    }),

    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
  return Object.freeze(scheduler)
}
