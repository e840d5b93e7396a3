/** The shape of what `httpJobs` takes; targets and jobs check the values themselves. */
import * as z from 'zod/mini'
import { urlProblem } from '../target/url-rules.ts'

const secret = z.union(
  [
    z.string().check(z.minLength(1, 'must not be empty')),
    z.strictObject({ env: z.string().check(z.regex(/^\w+$/, 'use the name of a variable')) }),
    z.custom<() => string>((value) => typeof value === 'function'),
  ],
  'use a text, { env: "NAME" } or a function',
)

const auth = z.union(
  [
    z.strictObject({ bearer: secret }),
    z.strictObject({ basic: z.strictObject({ username: secret, password: secret }) }),
    z.strictObject({ apiKey: secret, header: z.optional(z.string()) }),
  ],
  'use { bearer }, { basic: { username, password } } or { apiKey, header }',
)

const duration = z.union([z.string(), z.number()], 'use milliseconds or a text such as "90s"')

const schedule = z.union(
  [
    z.string(),
    z.strictObject({ cron: z.string(), timeZone: z.optional(z.string()) }),
    z.strictObject({ every: duration }),
    z.strictObject({ at: z.union([z.string(), z.number(), z.date()]) }),
  ],
  'use a cron expression, { cron, timeZone }, { every } or { at }',
)

const defaults = {
  method: z.optional(z.string()),
  headers: z.optional(z.record(z.string(), z.unknown())),
  auth: z.optional(auth),
  query: z.optional(z.record(z.string(), z.unknown())),
  timeout: z.optional(duration),
  retries: z.optional(z.number().check(z.int(), z.gte(0))),
  timeZone: z.optional(z.string()),
  redirect: z.optional(z.string()),
}

const address = z.string().check((found) => {
  const message = urlProblem(found.value)
  if (message !== null) found.issues.push({ code: 'custom', input: undefined, message })
})

const job = z.strictObject({
  ...defaults,
  schedule: z.optional(
    z.union([schedule, z.array(schedule)], 'use a cron expression, { cron, timeZone }, { every } or { at }, or a list of them'),
  ),
  path: z.optional(z.string().check(z.regex(/^(?![a-z][a-z0-9+.-]*:\/\/)/i, 'an absolute address is written as url'))),
  url: z.optional(address),
  body: z.optional(z.unknown()),
  overlap: z.optional(z.string()),
  concurrency: z.optional(z.number()),
  mutex: z.optional(z.string()),
  catchUp: z.optional(z.string()),
  runOnStart: z.optional(z.boolean()),
  success: z.optional(z.array(z.number())),
  skip: z.optional(z.union([z.literal(false), z.array(z.number())], 'use a list of statuses or false')),
})

/** The options of `httpJobs`. */
export const httpJobsSchema: z.ZodMiniType = z
  .strictObject({ ...defaults, baseUrl: z.optional(address), jobs: z.record(z.string(), job) })
  .check((found) => {
    for (const [name, { path, url }] of Object.entries(found.value.jobs)) {
      const problem =
        path !== undefined && url !== undefined
          ? 'has a path and a url. Leave one out.'
          : path === undefined && url === undefined
            ? 'has no address. Give it a path, or a url.'
            : path !== undefined && found.value.baseUrl === undefined
              ? 'has a path, but there is no baseUrl. Give one, or write the whole address as url.'
              : null
      if (problem !== null) found.issues.push({ code: 'custom', input: undefined, path: ['jobs', name], message: problem })
    }
  })
