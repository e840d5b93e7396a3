/** Checks the options of a job, all problems at once. */
import * as z from 'zod/mini'
import { linesOf, type NameHints, problemsOf } from '../errors/check-options.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { shown } from '../errors/shown.ts'
import { explainSchedule, isSchedule } from '../schedule/require-schedule.ts'
import { parseDuration } from '../time/duration.ts'
import { durationOption as duration } from '../time/duration-option.ts'

/** Names of jobs and mutexes: safe in SQL comments, Redis keys and URLs. */
const NAME_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

export const NAME_RULE: string = 'use 1 to 128 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit'

/** The name of a job, a mutex, a rollup. */
export const nameOption: z.ZodMiniString = z.string().check(z.regex(NAME_PATTERN, NAME_RULE))
/** A whole number of at least `least`. */
export const countOption = (least: number): z.ZodMiniNumber => z.number().check(z.int(), z.gte(least))
/** A function. */
export const callableOption: z.ZodMiniType = z.custom<() => unknown>((value) => typeof value === 'function', 'must be a function')
const standardSchema = z.custom<object>(
  (value) => (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value,
  'must be a Standard Schema (zod, valibot, arktype, …)',
)
/** One schedule, or several. */
export const schedulesOption: z.ZodMiniType = z.unknown().check(({ value, issues }) => {
  if (value === undefined) return
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0)
    issues.push({ code: 'custom', input: value, message: 'the list is empty. Put a schedule into it, or leave it out.' })
  for (const [index, one] of list.entries()) {
    const path = Array.isArray(value) ? [index] : []
    if (!isSchedule(one)) issues.push({ code: 'custom', input: one, path, message: explainSchedule(one) })
  }
})
/** Both were given, and the least is more than the most. */
export const isAbove = (least: unknown, most: unknown): boolean => least !== undefined && most !== undefined && msOf(least) > msOf(most)

/** Retries of a job, or of a window. */
export const retryOption: z.ZodMiniType = z
  .strictObject({
    retries: z.optional(countOption(0)),
    minTimeout: z.optional(duration(0)),
    maxTimeout: z.optional(duration(0)),
    factor: z.optional(z.number().check(z.gte(1))),
    randomize: z.optional(z.boolean()),
  })
  .check(z.refine(({ minTimeout, maxTimeout }) => !isAbove(minTimeout, maxTimeout), 'minTimeout is longer than maxTimeout. Swap them.'))

const jobShape = z.strictObject({
  name: nameOption,
  schedule: z.optional(schedulesOption),
  runOnStart: z.optional(
    z.union(
      [z.boolean(), z.strictObject({ payload: z.optional(z.unknown()), window: z.optional(duration(1)) })],
      'use true, false or { payload, window }',
    ),
  ),
  payload: z.optional(standardSchema),
  timeout: z.optional(duration(1)),
  retry: z.optional(retryOption),
  overlap: z.optional(z.enum(['skip', 'queue', 'replace', 'allow'])),
  queueLimit: z.optional(countOption(0)),
  concurrency: z.optional(countOption(1)),
  mutex: z.optional(nameOption),
  priority: z.optional(z.number().check(z.int(), z.gte(-32_768), z.lte(32_767))),
  rateLimit: z.optional(z.strictObject({ max: countOption(1), per: duration(1) })),
  catchUp: z.optional(
    z.union(
      [
        z.enum(['latest', 'none']),
        z.strictObject({ all: z.literal(true), limit: z.optional(countOption(1)), within: z.optional(duration(1)) }),
      ],
      'use "latest", "none" or { all: true, limit, within }',
    ),
  ),
  misfireAfter: z.optional(duration(0)),
  debounce: z.optional(
    z
      .strictObject({
        wait: duration(0),
        maxWait: z.optional(duration(0)),
        leading: z.optional(z.boolean()),
        trailing: z.optional(z.boolean()),
        merge: z.optional(z.union([z.enum(['last', 'first']), callableOption], 'use "last", "first" or a function (a, b) => merged')),
      })
      .check(
        z.refine(
          (value) => value.leading === true || value.trailing !== false,
          'with trailing: false, leading must be true, or nothing would ever run.',
        ),
        z.refine(({ wait, maxWait }) => !isAbove(wait, maxWait), 'wait is longer than maxWait. Swap them.'),
      ),
  ),
  keep: z.optional(
    z.strictObject({ succeeded: z.optional(countOption(0)), dead: z.optional(countOption(0)), for: z.optional(duration(0)) }),
  ),
  health: z.optional(z.strictObject({ staleAfter: z.optional(duration(1)), maxFailures: z.optional(countOption(0)) })),
  suspended: z.optional(z.string().check(z.minLength(1))),
  suspendAfter: z.optional(countOption(1)),
  after: z.optional(
    z.array(z.custom<{ name: string }>((value) => typeof value === 'object' && value !== null && 'name' in value, 'must be a job')),
  ),
  sensitive: z.optional(z.array(z.string().check(z.minLength(1)))),
  onStuck: z.optional(z.enum(['hold', 'release'])),
  renamedFrom: z.optional(nameOption),
  run: callableOption,
})

/** What says nothing beside the rest is refused. */
const jobOptions = jobShape.check(
  z.refine(
    ({ queueLimit, overlap, catchUp }) =>
      queueLimit === undefined || overlap === 'queue' || (overlap === undefined && typeof catchUp === 'object'),
    { path: ['queueLimit'], error: 'needs overlap: "queue".' },
  ),
)

/** What people try, and what it is called here; or what to write for a known name. */
const HINTS: NameHints = {
  retry: 'write { retries: 3 }',
  debounce: 'write { wait: "5s" }',
  retries: 'write retry: { retries }',
  attempts: 'write retry: { retries }; it counts the attempts after the first',
  retryLimit: 'write retry: { retries }',
  retryDelay: 'write retry: { minTimeout }',
  backoff: 'write retry: { minTimeout, maxTimeout, factor }',
  cron: 'write schedule: cron(expression)',
  every: 'write schedule: every(interval)',
  at: 'write schedule: at(instant)',
  interval: 'write schedule: every(interval)',
  schedules: 'write schedule: [cron(…), every(…)]',
  tz: 'write schedule: cron(expression, { timeZone })',
  timeZone: 'write schedule: cron(expression, { timeZone })',
  timezone: 'write schedule: cron(expression, { timeZone })',
  jitter: 'write schedule: every(interval, { jitter })',
  handler: 'write run: async (ctx) => {}',
  schema: 'write payload: schema',
  staleAfter: 'write health: { staleAfter }',
}

/** Throws `InvalidName` or `InvalidOption` that lists every problem with field, value and remedy. */
export function validateJobOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new QuarterjackError('InvalidOption', `defineJob: ${shown(options)} is not a job. Write defineJob({ name, run }).`)
  }
  const problems = problemsOf(jobOptions, options, HINTS)
  if (problems.length === 0) return
  const { name: given } = options as { readonly name?: unknown }
  const hasName = isName(given)
  const others = problems.filter(({ field }) => hasName || field !== 'name')
  const also = others.length === 0 ? '' : `${hasName ? 'has' : 'It also has'} invalid options:${linesOf(others)}`
  if (hasName) throw new QuarterjackError('InvalidOption', `job "${given}" ${also}`)
  throw new QuarterjackError('InvalidName', `job name ${shown(given)} is not valid: ${NAME_RULE}.${also === '' ? '' : ` ${also}`}`)
}

/** A usable name of a job or a mutex. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME_PATTERN.test(value)
}

/** What is no duration is told elsewhere, and above nothing. */
function msOf(value: unknown): number {
  try {
    return parseDuration(value, 'value')
  } catch {
    return Number.NaN
  }
}
