/** The scheduler's options: checked, defaulted, frozen. */
import * as z from 'zod/mini'
import { checkOptions } from '../errors/check-options.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { requireNode } from '../errors/require-node.ts'
import type { Job, JobPolicy } from '../job/job.ts'
import type { Rollup } from '../rollup/rollup.ts'
import { systemRandom } from '../random/random.ts'
import { systemClock, type Clock } from '../time/clock.ts'
import { parseDuration } from '../time/duration.ts'
import { durationOption } from '../time/duration-option.ts'
import { windowsOf } from '../trigger/marker.ts'
import type { SchedulerOptions } from './scheduler.ts'

/** Every default of a scheduler, in one place; tabled in `docs/defaults.md`. */
export const SCHEDULER_DEFAULTS = {
  concurrency: 20,
  lease: '30s',
  storeTimeout: '5s',
  abortGrace: '10s',
  stopGrace: '30s',
  logger: 'text',
  payloadLimit: 262_144,
  resultLimit: 65_536,
  errorLimit: 16_384,
} as const

const LEAST_LEASE_MS = 2_000

export interface ResolvedSchedulerOptions {
  readonly store: SchedulerOptions['store']
  readonly jobs: SchedulerOptions['jobs']
  readonly policies: ReadonlyMap<string, JobPolicy>
  readonly rollups: ReadonlyMap<string, Rollup>
  readonly logger: NonNullable<SchedulerOptions['logger']>
  readonly concurrency: number
  readonly leaseMs: number
  readonly storeTimeoutMs: number
  readonly abortGraceMs: number
  readonly limits: { readonly payload: number; readonly result: number; readonly error: number }
  readonly around: SchedulerOptions['around'] | null
  readonly trace: NonNullable<SchedulerOptions['trace']> | null
  /** Grace in ms when signals stop the scheduler; null when they are not handled. */
  readonly signalGraceMs: number | null
  readonly clock: Clock
  readonly random: () => number
}

const has =
  (...members: readonly string[]): ((value: unknown) => boolean) =>
  (value) =>
    typeof value === 'object' && value !== null && members.every((member) => member in value)

const bytes = z.number().check(z.int(), z.gte(512))
const optionsSchema = z.strictObject({
  store: z.custom<object>(has('schedules', 'runs', 'leases', 'open'), 'must be a store: memoryStore(), pgStore(…), redisStore(…)'),
  jobs: z.array(z.custom<object>(has('name', 'policy'), 'must come from defineJob() or defineRollup()')),
  logger: z.optional(
    z.union(
      [z.enum(['text', 'json']), z.literal(false), z.custom<object>(has('debug', 'info', 'warn', 'error'))],
      'use "text", "json", false, or a pino-shaped logger',
    ),
  ),
  concurrency: z.optional(z.number().check(z.int(), z.gte(1), z.lte(10_000))),
  lease: z.optional(durationOption(LEAST_LEASE_MS)),
  storeTimeout: z.optional(durationOption(1)),
  abortGrace: z.optional(durationOption(0)),
  limits: z.optional(z.strictObject({ payload: z.optional(bytes), result: z.optional(bytes), error: z.optional(bytes) })),
  around: z.optional(z.custom<object>((value) => typeof value === 'function', 'must be a function (ctx, next) => …')),
  trace: z.optional(z.custom<object>((value) => typeof value === 'function', 'must be a function')),
  handleSignals: z.optional(
    z.union([z.boolean(), z.strictObject({ grace: z.optional(durationOption(0)) })], 'use true, false or { grace }'),
  ),
  clock: z.optional(z.custom<object>(has('now', 'monotonic', 'setTimer', 'clearTimer', 'defer'), 'must be a Clock')),
  random: z.optional(z.custom<object>((value) => typeof value === 'function', 'must be a function')),
})

/** Throws `NodeTooOld`, `InvalidOption` or `DuplicateJob`. */
export function resolveSchedulerOptions(options: SchedulerOptions): ResolvedSchedulerOptions {
  requireNode()
  checkOptions(optionsSchema, options, 'createScheduler')
  const leaseMs = parseDuration(options.lease ?? SCHEDULER_DEFAULTS.lease, 'lease', LEAST_LEASE_MS)
  return Object.freeze({
    store: options.store,
    ...sortJobs(options),
    logger: options.logger ?? SCHEDULER_DEFAULTS.logger,
    concurrency: options.concurrency ?? SCHEDULER_DEFAULTS.concurrency,
    leaseMs,
    // A call that outlives half the lease would leave no time to renew it.
    storeTimeoutMs: Math.min(parseDuration(options.storeTimeout ?? SCHEDULER_DEFAULTS.storeTimeout, 'storeTimeout', 1), leaseMs / 2),
    abortGraceMs: parseDuration(options.abortGrace ?? SCHEDULER_DEFAULTS.abortGrace, 'abortGrace'),
    limits: {
      payload: options.limits?.payload ?? SCHEDULER_DEFAULTS.payloadLimit,
      result: options.limits?.result ?? SCHEDULER_DEFAULTS.resultLimit,
      error: options.limits?.error ?? SCHEDULER_DEFAULTS.errorLimit,
    },
    around: options.around ?? null,
    trace: options.trace ?? null,
    signalGraceMs: resolveSignals(options.handleSignals),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  })
}

/** Jobs and rollups share their names: a rollup is refreshed by a job of its name. */
function sortJobs({ jobs: given, store }: SchedulerOptions): Pick<ResolvedSchedulerOptions, 'jobs' | 'policies' | 'rollups'> {
  const jobs = given.filter(isJob)
  const rollups = given.filter((one) => !isJob(one)) as readonly Rollup[]
  const names = new Set<string>()
  for (const { name } of given) {
    if (names.has(name))
      throw new QuarterjackError(
        'DuplicateJob',
        `createScheduler: jobs: two jobs are named "${name}". A name is a job's identity; rename one of them.`,
      )
    names.add(name)
  }
  // A store without windows is told of at once.
  if (rollups.length > 0) windowsOf(store)
  return {
    jobs: Object.freeze([...given]),
    policies: new Map(jobs.map(({ name, policy }) => [name, policy])),
    rollups: new Map(rollups.map((rollup) => [rollup.name, rollup])),
  }
}

function isJob(one: SchedulerOptions['jobs'][number]): one is Job<never, unknown> {
  return !('kind' in one && one.kind === 'rollup')
}

function resolveSignals(given: SchedulerOptions['handleSignals']): number | null {
  if (given === undefined || given === false) return null
  return parseDuration((given === true ? undefined : given.grace) ?? SCHEDULER_DEFAULTS.stopGrace, 'handleSignals.grace')
}
