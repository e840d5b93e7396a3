/** `defineJob`: from the user's options to a frozen job value. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { bindSchedule } from '../schedule/resolve-spec.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { parseDuration } from '../time/duration.ts'
import { JOB_DEFAULTS } from './defaults.ts'
import { resolveDebounce } from './debounce.ts'
import type { BoundSchedule, CatchUp, Job, JobOptions, JobPolicy, ResolvedCatchUp, RetryOptions, SchemaInput } from './job.ts'
import { validateJobOptions } from './job-options.ts'
import { type RunDefaults, runDefaultsOf } from './run-defaults.ts'

/**
 * Defines a job: a frozen value; nothing happens until a scheduler gets it. The payload's schema
 * types `trigger`, `ctx.payload` and the schedules' payloads; the handler's return types `finished()`.
 * Throws `InvalidName`, `InvalidOption` or a schedule error that names field, value and remedy.
 *
 * @example
 * const report = defineJob({
 *   name: 'daily-report',
 *   schedule: cron('0 6 * * 1-5', { timeZone: 'Europe/Berlin' }),
 *   retry: { retries: 3 },
 *   run: async ({ slot, signal }) => {},
 * })
 */
export function defineJob<S extends StandardSchemaV1 | undefined = undefined, R = unknown>(
  options: JobOptions<S, R>,
): Job<SchemaInput<S>, Awaited<R>> {
  validateJobOptions(options)
  return Object.freeze({ name: options.name, policy: Object.freeze(resolvePolicy(options)) })
}

/** Retries in milliseconds. Who gives one of the two waits gets a default of the other that fits. */
export function resolveRetry(options: RetryOptions = {}, defaults: RunDefaults = {}): JobPolicy['retry'] {
  const minGiven = optionalMs(options.minTimeout, 'retry.minTimeout')
  const maxGiven = optionalMs(options.maxTimeout, 'retry.maxTimeout')
  return {
    retries: options.retries ?? defaults.retries ?? JOB_DEFAULTS.retries,
    minTimeoutMs: minGiven ?? Math.min(parseDuration(JOB_DEFAULTS.minTimeout, 'retry.minTimeout'), maxGiven ?? Number.POSITIVE_INFINITY),
    maxTimeoutMs: maxGiven ?? Math.max(parseDuration(JOB_DEFAULTS.maxTimeout, 'retry.maxTimeout'), minGiven ?? 0),
    factor: options.factor ?? JOB_DEFAULTS.factor,
    randomize: options.randomize ?? JOB_DEFAULTS.randomize,
  }
}

/** The policy of options that were checked. */
export function resolvePolicy<S extends StandardSchemaV1 | undefined, R>(options: JobOptions<S, R>): JobPolicy {
  const schedules = bindSchedules(options.name, options.schedule)
  const catchUp = resolveCatchUp(options.catchUp ?? JOB_DEFAULTS.catchUp)
  const defaults = runDefaultsOf(options.run)
  return {
    name: options.name,
    schedules,
    runOnStart: resolveRunOnStart(options.runOnStart),
    payload: options.payload ?? null,
    timeoutMs: optionalMs(options.timeout ?? defaults.timeout, 'timeout'),
    retry: resolveRetry(options.retry, defaults),
    overlap: options.overlap ?? (schedules.length > 0 ? overlapOfSlots(catchUp) : JOB_DEFAULTS.overlapTriggered),
    slotOverlap: options.overlap ?? overlapOfSlots(catchUp),
    // Slots that are caught up all at once must find room in the queue.
    queueLimit: options.queueLimit ?? (catchUp.mode === 'all' ? catchUp.limit : JOB_DEFAULTS.queueLimit),
    concurrency: options.concurrency ?? null,
    mutex: options.mutex ?? null,
    priority: options.priority ?? JOB_DEFAULTS.priority,
    rateLimit:
      options.rateLimit === undefined ? null : { max: options.rateLimit.max, perMs: parseDuration(options.rateLimit.per, 'rateLimit.per') },
    catchUp,
    misfireAfterMs: optionalMs(options.misfireAfter, 'misfireAfter'),
    debounce: options.debounce === undefined ? null : resolveDebounce(options.debounce, 'debounce'),
    keep: {
      succeeded: options.keep?.succeeded ?? JOB_DEFAULTS.keepSucceeded,
      dead: options.keep?.dead ?? JOB_DEFAULTS.keepDead,
      forMs: parseDuration(options.keep?.for ?? JOB_DEFAULTS.keepFor, 'keep.for'),
    },
    health: {
      staleAfterMs: optionalMs(options.health?.staleAfter, 'health.staleAfter'),
      maxFailures: options.health?.maxFailures ?? JOB_DEFAULTS.maxFailures,
    },
    suspended: options.suspended ?? null,
    suspendAfter: options.suspendAfter ?? null,
    after: (options.after ?? []).map((job) => job.name),
    sensitive: options.sensitive ?? [],
    onStuck: options.onStuck ?? JOB_DEFAULTS.onStuck,
    renamedFrom: options.renamedFrom ?? null,
    run: options.run as JobPolicy['run'],
  }
}

/** Schedules with the names and keys that they have in their job. Throws `InvalidSchedule` for two of one key. */
export function bindSchedules(job: string, given: Schedule | readonly Schedule[] | undefined): readonly BoundSchedule[] {
  const list = given === undefined ? [] : Array.isArray(given) ? (given as readonly Schedule[]) : [given as Schedule]
  const bound = list.map((schedule, position) => ({
    name: `#${schedule.key ?? position}`,
    key: schedule.key ?? '',
    schedule: bindSchedule(schedule, job),
  }))
  const names = new Set<string>()
  for (const { name } of bound) {
    if (names.has(name)) {
      throw new QuarterjackError(
        'InvalidSchedule',
        `job "${job}": schedule: two schedules have the key "${name.slice(1)}". Give each its own key.`,
      )
    }
    names.add(name)
  }
  return bound
}

function resolveRunOnStart(
  given: boolean | { readonly payload?: unknown; readonly window?: number | string } | undefined,
): JobPolicy['runOnStart'] {
  if (given === undefined || given === false) return null
  const options = given === true ? {} : given
  return { payload: options.payload, windowMs: parseDuration(options.window ?? JOB_DEFAULTS.runOnStartWindow, 'runOnStart.window') }
}

/** Whoever asks for all missed slots does not mean to skip them for each other's sake. */
function overlapOfSlots(catchUp: ResolvedCatchUp): JobPolicy['overlap'] {
  return catchUp.mode === 'all' ? JOB_DEFAULTS.overlapCatchingUp : JOB_DEFAULTS.overlapScheduled
}

function resolveCatchUp(given: CatchUp): ResolvedCatchUp {
  if (given === 'latest' || given === 'none') return { mode: given }
  return {
    mode: 'all',
    limit: given.limit ?? JOB_DEFAULTS.catchUpLimit,
    withinMs: given.within === undefined ? null : parseDuration(given.within, 'catchUp.within'),
  }
}

function optionalMs(value: unknown, field: string): number | null {
  return value === undefined ? null : parseDuration(value, field)
}
