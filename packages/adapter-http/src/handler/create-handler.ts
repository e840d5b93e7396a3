/** `createHandler`: health, control, metrics and worker endpoints of a scheduler as one function of a request. */
import type { Scheduler } from '@quarterjack/core'
import { Hono } from 'hono'
import { systemClock } from '../clock.ts'
import { durationMs } from '../duration.ts'
import type { Answer, AnyEndpoint } from '../endpoint/endpoint.ts'
import { controlEndpoints } from '../control/endpoints.ts'
import { respondWhole } from '../endpoint/whole-body.ts'
import { healthEndpoints } from '../health/endpoints.ts'
import { metricsEndpoint } from '../metrics/endpoint.ts'
import { openApiEndpoint } from '../openapi/endpoint.ts'
import { problemFrom } from '../problem/from-error.ts'
import { Problem, problemBody, PROBLEMS } from '../problem/problem.ts'
import { checkRequest } from '../security/check-request.ts'
import { createFailureLimit, type FailureLimit } from '../security/failure-limit.ts'
import { requestIdOf } from '../security/request-id.ts'
import { SECURITY_HEADERS } from '../security/secure-headers.ts'
import { checkHandlerOptions } from './check-handler.ts'
import { createGate } from './gate.ts'
import { createWaitTurns } from '../workers/wait-turns.ts'
import { workerEndpoints } from '../workers/endpoints.ts'
import { resolveLogger, withFields } from './log.ts'
import { type Bindings, mountEndpoints } from './mount.ts'
import { HANDLER_DEFAULTS, type HandlerOptions } from './options.ts'

/** Answers any request; never rejects. */
export type Handler = (request: Request) => Promise<Response>

/** Clients whose address is not known share one bound: it must not be easy to lock all of them out. */
const UNKNOWN_CLIENTS = 10

/**
 * A scheduler over HTTP, for whatever serves `Request → Response`; for Node's own servers, wrap it with `toNodeListener`.
 * Closed but for liveness, readiness and the status of health until `authorize` and `workers` are given.
 * Throws `InvalidOption`, and `UnknownJob` for routes to jobs that the scheduler does not have.
 *
 * @example
 * const handler = createHandler(scheduler, {
 *   basePath: '/internal/jobs',
 *   authorize: authorizeTokens({ read: () => process.env.READ_TOKEN ?? '', write: () => process.env.WRITE_TOKEN ?? '' }),
 *   workers: { secrets: () => process.env.CRON_SECRET ?? '' },
 * })
 */
export function createHandler(scheduler: Scheduler, options: HandlerOptions = {}): Handler {
  checkHandlerOptions(scheduler, options)
  const clock = options.clock ?? systemClock
  const basePath = options.basePath ?? HANDLER_DEFAULTS.basePath
  const logger = resolveLogger(options.logger ?? HANDLER_DEFAULTS.logger)
  const maxHeaderBytes = options.limits?.headers ?? HANDLER_DEFAULTS.maxHeaders
  const paths = new WeakMap<Request, string>()

  // The path is matched as it was sent: decoded once, by parameters alone.
  const app = new Hono<Bindings>({ getPath: (request) => paths.get(request) ?? '/' })
  mountEndpoints(app, endpointsOf(scheduler, options), {
    gate: createGate({
      authorize: options.authorize ?? null,
      secrets: options.workers?.secrets ?? null,
      clientOf: options.client ?? null,
      perClient: failureLimit(options, 1),
      unknownClients: failureLimit(options, UNKNOWN_CLIENTS),
    }),
    limits: {
      maxBytes: options.limits?.body ?? HANDLER_DEFAULTS.maxBody,
      timeoutMs: msOf(options.limits?.bodyTimeout, HANDLER_DEFAULTS.bodyTimeout),
      clock,
    },
    respond,
  })
  app.notFound(() => {
    throw new Problem('NotFound', 'There is nothing at this address.')
  })
  app.onError((error) => {
    throw error
  })

  return async (request) => {
    const startedAt = clock.monotonic()
    const requestId = requestIdOf(request.headers)
    const fields: Record<string, unknown> = { requestId, method: request.method.slice(0, 16) }
    const log = withFields(logger, { requestId })
    const note = (more: Readonly<Record<string, unknown>>): void => void Object.assign(fields, more)
    let response: Response
    try {
      const pathname = checkRequest(request, maxHeaderBytes)
      if (basePath !== '' && !pathname.startsWith(`${basePath}/`)) throw new Problem('NotFound', 'There is nothing at this address.')
      paths.set(request, pathname.slice(basePath.length))
      response = await app.fetch(request, { log, note, requestId })
    } catch (error) {
      const problem = problemFrom(error)
      if (PROBLEMS[problem.problem].status >= 500) log.error({ err: error, operation: fields.operation }, problem.message)
      note({ problem: problem.facts.code ?? problem.problem })
      response = respondProblem(problem, requestId)
    }
    response.headers.set('x-request-id', requestId)
    const { status } = response
    const line = { ...fields, status, durationMs: Math.round((clock.monotonic() - startedAt) * 10) / 10 }
    if (status === 401 || status === 403 || status === 429) logger.warn(line, 'request refused')
    else logger.info(line, 'request')
    return response
  }
}

function endpointsOf(scheduler: Scheduler, options: HandlerOptions): readonly AnyEndpoint[] {
  const clock = options.clock ?? systemClock
  const cacheMs = msOf(options.health?.cacheFor, HANDLER_DEFAULTS.cacheFor)
  const turns = createWaitTurns(options.limits?.waiting ?? HANDLER_DEFAULTS.waiting)
  const shape = options.health?.shape ?? null
  const path = options.health?.path ?? HANDLER_DEFAULTS.healthPath
  const fixed = [
    ...healthEndpoints({ scheduler, clock, cacheMs, shape, path }),
    metricsEndpoint(options.metrics ?? null, cacheMs, clock),
    ...controlEndpoints({ scheduler, clock, cacheMs, turns, maxWaitMs: msOf(options.limits?.wait, HANDLER_DEFAULTS.wait) }),
  ]
  // Paths of the user's own come last: one with a parameter at its start must not hide what is fixed.
  const workers = workerEndpoints({ scheduler, workers: options.workers ?? null, turns })
  const facts = { basePath: options.basePath ?? HANDLER_DEFAULTS.basePath, title: 'Quarterjack' }
  return [...fixed, openApiEndpoint([...fixed, ...workers], facts), ...workers]
}

function failureLimit(options: HandlerOptions, times: number): FailureLimit {
  return createFailureLimit({
    max: (options.failures?.max ?? HANDLER_DEFAULTS.failures) * times,
    perMs: msOf(options.failures?.per, HANDLER_DEFAULTS.failuresPer),
    monotonic: (options.clock ?? systemClock).monotonic,
  })
}

function msOf(given: unknown, byDefault: string): number {
  return durationMs(given ?? byDefault) as number
}

function respond({ status, body, text, contentType, headers }: Answer): Response {
  const type = contentType ?? 'application/json'
  return respondWhole(text ?? JSON.stringify(body), { status, headers: { ...SECURITY_HEADERS, 'content-type': type, ...headers } })
}

function respondProblem(problem: Problem, requestId: string): Response {
  const { status } = PROBLEMS[problem.problem]
  const headers = { ...SECURITY_HEADERS, ...problem.facts.headers, 'content-type': 'application/problem+json' }
  return respondWhole(JSON.stringify(problemBody(problem, requestId)), { status, headers })
}
