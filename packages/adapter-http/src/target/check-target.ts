/** Checks the options of a target, all problems at once, before anything is sent. */
import { Agent } from 'node:http'
import { checkedOptions, type NameHints, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { durationOption } from '../duration.ts'
import { headerProblem } from './header-rules.ts'
import { signingProblem } from './sign.ts'
import { urlProblem } from './url-rules.ts'

const callable = z.custom<() => unknown>((value) => typeof value === 'function', 'must be a function')
const text = z.string('use a text or a function of ctx').check(z.minLength(1, 'must not be empty'))
const textOrCall = z.union([text, callable], 'use a text or a function of ctx')
/** Reports in words what `problem` finds. */
const ruled = (problem: (value: unknown) => string | null): z.ZodMiniType =>
  z.unknown().check(({ value, issues }) => {
    const message = typeof value === 'function' ? null : problem(value)
    if (message !== null) issues.push({ code: 'custom', input: typeof value === 'string' ? undefined : value, message })
  })
const headerName = z.string().check(z.refine((name) => headerProblem(name, '') === null, 'use the name of a header that can be set'))
const statuses = z
  .array(z.number('use whole statuses from 200 to 599').check(z.int(), z.gte(200), z.lte(599)), 'use a list of statuses or a function')
  .check(z.minLength(1, 'the list is empty. Put a status into it, or leave it out.'))

const headers = z.unknown().check(({ value, issues }) => {
  if (typeof value === 'function') return
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ code: 'custom', input: undefined, message: 'use { name: value } or a function of ctx' })
    return
  }
  for (const [name, one] of Object.entries(value)) {
    const message = typeof one === 'function' ? headerProblem(name, '') : headerProblem(name, one)
    if (message !== null) issues.push({ code: 'custom', input: undefined, path: [name], message })
  }
})

const auth = z.union(
  [
    callable,
    z.strictObject({ bearer: textOrCall }),
    z.strictObject({ basic: z.strictObject({ username: textOrCall, password: textOrCall }) }),
    z.strictObject({ apiKey: textOrCall, header: z.optional(headerName) }),
  ],
  'use { bearer }, { basic: { username, password } }, { apiKey, header } or a function of ctx',
)

const options = z.strictObject({
  url: ruled(urlProblem),
  method: z.optional(
    z.string().check(z.regex(/^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/, 'use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS')),
  ),
  query: z.optional(z.union([callable, z.record(z.string(), z.unknown())], 'use { name: value } or a function of ctx')),
  headers: z.optional(headers),
  auth: z.optional(auth),
  body: z.optional(z.unknown()),
  timeout: z.optional(durationOption(1)),
  success: z.optional(z.union([callable, statuses], 'use a list of statuses or a function')),
  skip: z.optional(z.union([callable, statuses, z.literal(false)], 'use a list of statuses, false or a function')),
  response: z.optional(
    z.custom<object>(
      (value) => (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value,
      'must be a Standard Schema (zod, valibot, arktype, …)',
    ),
  ),
  signing: z.optional(z.strictObject({ secret: ruled(signingProblem) })),
  idempotency: z.optional(
    z.union(
      [z.boolean(), z.strictObject({ header: z.optional(headerName), key: z.optional(textOrCall) })],
      'use true, false or { header, key }',
    ),
  ),
  redirect: z.optional(z.enum(['refuse', 'same-origin', 'follow'], 'use "refuse", "same-origin" or "follow"')),
  maxResponse: z.optional(z.number().check(z.int(), z.gte(1), z.lte(2 ** 30))),
  agent: z.optional(z.custom<Agent>((value) => value instanceof Agent, 'must be an Agent of node:http or node:https')),
})

/** What may hold secrets is not shown. */
export const SECRET_OPTIONS: ReadonlySet<string> = new Set(['auth', 'headers', 'query', 'signing', 'body'])

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  uri: 'write url',
  href: 'write url',
  endpoint: 'write url',
  json: 'write body',
  data: 'write body',
  payload: 'write body; without it, the payload of the run is sent',
  params: 'write query',
  searchParams: 'write query',
  token: 'write auth: { bearer }',
  secret: 'write signing: { secret }',
  retry: 'write it in defineJob({ retry })',
  retries: 'write defineJob({ retry: { retries } })',
  schema: 'write response',
}

/** Throws `InvalidOption` that lists every problem with field, value and remedy. Credentials are not shown. */
export function checkTargetOptions(given: unknown, what = 'httpTarget'): void {
  const { method, body } = checkedOptions(options, given, { what, hints: HINTS, secret: SECRET_OPTIONS })
  if ((method === 'GET' || method === 'HEAD') && body !== undefined && body !== null) {
    throw new QuarterjackError('InvalidOption', `${what} has invalid options:\n  body: ${method} sends none. Use query, or another method.`)
  }
}
