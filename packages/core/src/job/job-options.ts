/** Checks the options of a job, all problems at once. */
import * as z from 'zod/mini'
import { checkOptions } from '../errors/check-options.ts'
import { QuarterjackError } from '../errors/quarterjack-error.ts'
import { parseDuration } from '../time/duration.ts'

/** Names of jobs and mutexes: safe in SQL comments, Redis keys and URLs. */
export const NAME_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

const NAME_RULE = 'use 1 to 128 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit'

const name = z.string().check(z.regex(NAME_PATTERN, NAME_RULE))
const count = (least: number): z.ZodMiniNumber => z.number().check(z.int(), z.gte(least))
const duration = (leastMs: number): z.ZodMiniType =>
  z.unknown().check((ctx) => {
    try {
      parseDuration(ctx.value, 'value', leastMs)
    } catch (error) {
      ctx.issues.push({
        code: 'custom',
        input: ctx.value,
        message: error instanceof Error ? error.message.replace(/^value: /, '') : String(error),
      })
    }
  })
const callable = z.custom<() => unknown>((value) => typeof value === 'function', 'must be a function')
const standardSchema = z.custom<object>(
  (value) => (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value,
  'must be a Standard Schema (zod, valibot, arktype, …)',
)
const scheduleLike = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && 'spec' in value,
  'must come from cron(), every() or at()',
)

const jobOptions = z.strictObject({
  name,
  schedule: z.optional(z.union([scheduleLike, z.array(scheduleLike)])),
  runOnStart: z.optional(z.union([z.boolean(), z.strictObject({ payload: z.optional(z.unknown()), window: z.optional(duration(1)) })])),
  payload: z.optional(standardSchema),
  timeout: z.optional(duration(1)),
  retry: z.optional(
    z.strictObject({
      retries: z.optional(count(0)),
      minTimeout: z.optional(duration(0)),
      maxTimeout: z.optional(duration(0)),
      factor: z.optional(z.number().check(z.gte(1))),
      randomize: z.optional(z.boolean()),
    }),
  ),
  overlap: z.optional(z.enum(['skip', 'queue', 'replace', 'allow'])),
  queueLimit: z.optional(count(0)),
  concurrency: z.optional(count(1)),
  mutex: z.optional(name),
  priority: z.optional(z.number().check(z.int(), z.gte(-32_768), z.lte(32_767))),
  rateLimit: z.optional(z.strictObject({ max: count(1), per: duration(1) })),
  catchUp: z.optional(
    z.union(
      [z.enum(['latest', 'none']), z.strictObject({ all: z.literal(true), limit: z.optional(count(1)), within: z.optional(duration(1)) })],
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
        merge: z.optional(z.union([z.enum(['last', 'first']), callable], 'use "last", "first" or a function (a, b) => merged')),
      })
      .check(
        z.refine(
          (value) => value.leading === true || value.trailing !== false,
          'with trailing: false, leading must be true, or nothing would ever run',
        ),
      ),
  ),
  keep: z.optional(z.strictObject({ succeeded: z.optional(count(0)), dead: z.optional(count(0)), for: z.optional(duration(0)) })),
  health: z.optional(z.strictObject({ staleAfter: z.optional(duration(1)), maxFailures: z.optional(count(0)) })),
  suspendAfter: z.optional(count(1)),
  after: z.optional(
    z.array(z.custom<{ name: string }>((value) => typeof value === 'object' && value !== null && 'name' in value, 'must be a job')),
  ),
  sensitive: z.optional(z.array(z.string().check(z.minLength(1)))),
  onStuck: z.optional(z.enum(['hold', 'release'])),
  renamedFrom: z.optional(name),
  run: callable,
})

/** Throws `InvalidName` or `InvalidOption` that lists every problem with field, value and remedy. */
export function validateJobOptions(options: unknown): void {
  const given = options as { name?: unknown } | null | undefined
  if (typeof given?.name !== 'string' || !NAME_PATTERN.test(given.name)) {
    throw new QuarterjackError('InvalidName', `job name ${JSON.stringify(given?.name) ?? 'undefined'} is not valid: ${NAME_RULE}.`)
  }
  checkOptions(jobOptions, options, `job "${given.name}"`)
}
