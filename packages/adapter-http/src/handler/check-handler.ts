/** Checks the options of a handler: every problem at once. */
import type { Scheduler } from '@quarterjack/core'
import { checkedOptions, type NameHints, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { durationOption } from '../duration.ts'
import { requireScheduler } from '../require-scheduler.ts'
import { secretsProblem } from '../security/secrets.ts'
import type { WorkersOptions } from '../workers/options.ts'
import type { HandlerOptions } from './options.ts'

const callable = z.custom<() => unknown>((value) => typeof value === 'function', 'must be a function')
const count = (least: number): z.ZodMiniType => z.number().check(z.int(), z.gte(least), z.lte(2 ** 30))
const has =
  (...members: readonly string[]): ((value: unknown) => boolean) =>
  (value) =>
    typeof value === 'object' && value !== null && members.every((member) => member in value)

const path = z.string().check(z.regex(/^(?:\/[\w.~-]+)*$/, 'use "" or a path such as "/internal/quarterjack", without a slash at its end'))
const workersPath = z.union([z.literal('/'), path], 'use a path such as "/workers", or "/" for the base path itself')
const pattern = z
  .string()
  .check(z.regex(/^\/?(?:[\w.~-]+|:[A-Za-z_]\w*)(?:\/(?:[\w.~-]+|:[A-Za-z_]\w*))*$/, 'use a pattern such as "orchestration/project/:id"'))
const wait = { wait: z.optional(durationOption(0)), overlap: z.optional(z.enum(['skip', 'job'], 'use "skip" or "job"')) }
const secrets = z.unknown().check(({ value, issues }) => {
  const message = secretsProblem(value)
  if (message !== null) issues.push({ code: 'custom', input: undefined, message })
})

const route = z.strictObject({
  ...wait,
  job: z.string(),
  payload: z.optional(callable),
  key: z.optional(z.union([z.string(), callable], 'use the name of a parameter of the path, or a function')),
  result: z.optional(z.boolean()),
})

const schema = z.strictObject({
  basePath: z.optional(path),
  authorize: z.optional(callable),
  workers: z.optional(
    z.strictObject({
      ...wait,
      secrets,
      path: z.optional(workersPath),
      jobs: z.optional(z.array(z.string())),
      routes: z.optional(z.record(pattern, z.union([z.string(), route]))),
      inline: z.optional(z.boolean()),
      tick: z.optional(
        z.strictObject({ limit: z.optional(count(1)), budget: z.optional(durationOption(1)), every: z.optional(durationOption(0)) }),
      ),
    }),
  ),
  health: z.optional(
    z.strictObject({
      path: z.optional(path.check(z.minLength(2, 'must not be empty'))),
      shape: z.optional(z.union([z.literal('data'), callable], 'use "data" or a function of the view')),
      cacheFor: z.optional(durationOption(0)),
    }),
  ),
  metrics: z.optional(z.custom<object>(has('text', 'contentType'), 'must come from collectMetrics(), which is to be awaited')),
  limits: z.optional(
    z.strictObject({
      body: z.optional(count(1)),
      headers: z.optional(count(256)),
      bodyTimeout: z.optional(durationOption(1)),
      wait: z.optional(durationOption(0)),
      waiting: z.optional(count(0)),
    }),
  ),
  failures: z.optional(z.strictObject({ max: z.optional(count(1)), per: z.optional(durationOption(1)) })),
  client: z.optional(callable),
  logger: z.optional(
    z.union(
      [z.enum(['text', 'json']), z.literal(false), z.custom<object>(has('debug', 'info', 'warn', 'error'))],
      'use "text", "json", false, or a pino-shaped logger',
    ),
  ),
  clock: z.optional(z.custom<object>(has('now', 'monotonic', 'setTimer', 'clearTimer'), 'must be a Clock')),
})

/** Names that `/:job` cannot have where it stands right below the base path. */
const TAKEN = [
  'live',
  'ready',
  'health',
  'snapshot',
  'metrics',
  'openapi.json',
  'jobs',
  'runs',
  'dead',
  'schedules',
  'rollups',
  'backfills',
  'mark',
  'audit',
  'tick',
]

/** What may be a secret is not shown. */
const SECRET: ReadonlySet<string> = new Set(['secrets', 'authorize'])

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  base: 'write basePath',
  path: 'write basePath',
  prefix: 'write basePath',
  auth: 'write authorize',
  token: 'write authorize: authorizeTokens({ read, write })',
  tokens: 'write authorize: authorizeTokens({ read, write })',
  secret: 'write workers: { secrets }',
  secrets: 'write workers: { secrets }',
  routes: 'write workers: { routes }',
  tick: 'write workers: { tick }',
  log: 'write logger',
  registry: 'write metrics: await collectMetrics(scheduler, { registry })',
}

/** Throws `InvalidOption`, and `UnknownJob` for routes to jobs that the scheduler does not have. */
export function checkHandlerOptions(scheduler: Scheduler, options: HandlerOptions): void {
  requireScheduler(scheduler, 'createHandler')
  checkedOptions(schema, options, { what: 'createHandler', hints: HINTS, secret: SECRET })
  const names = new Set(scheduler.jobs.map(({ name }) => name))
  const { workers } = options
  const wanted = [
    ...Object.values(workers?.routes ?? {}).map((route) => (typeof route === 'string' ? route : route.job)),
    ...(workers?.jobs ?? []),
  ]
  const unknown = wanted.find((name) => !names.has(name))
  if (unknown !== undefined) {
    throw new QuarterjackError('UnknownJob', `createHandler: workers: job "${unknown}" is not among the jobs of this scheduler.`)
  }
  checkKeys(workers?.routes ?? {})
  if (workers?.path !== '/') return
  const hidden = (workers.jobs ?? [...names]).find((name) => TAKEN.includes(name) || `/${name}` === options.health?.path)
  if (hidden !== undefined) {
    throw new QuarterjackError(
      'InvalidOption',
      `createHandler has invalid options:\n  workers.path: "/" hides the job "${hidden}" behind /${hidden}. Use "/workers", or leave the job out of workers.jobs.`,
    )
  }
}

/** A key that no call has would make all runs of the route share one. */
function checkKeys(routes: NonNullable<WorkersOptions['routes']>): void {
  for (const [at, one] of Object.entries(routes)) {
    const key = typeof one === 'string' ? undefined : one.key
    if (typeof key !== 'string' || at.split('/').includes(`:${key}`)) continue
    throw new QuarterjackError(
      'InvalidOption',
      `createHandler has invalid options:\n  workers.routes.${at}.key: "${key}" is no parameter of this path. Write ":${key}" into it, or give a function.`,
    )
  }
}
