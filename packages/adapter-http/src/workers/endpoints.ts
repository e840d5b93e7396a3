/** Worker endpoints for an external cron, and `/tick`. */
import type { Job, Scheduler } from '@quarterjack/core'
import * as z from 'zod/mini'
import { durationMs } from '../duration.ts'
import { type Answer, type AnyEndpoint, type Call, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { queryOf } from '../endpoint/parse.ts'
import { jobName, problem } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { traceOf } from '../security/trace-of.ts'
import { callWorker } from './call-worker.ts'
import { WORKER_DEFAULTS, type WorkerCall, type WorkerRoute, type WorkersOptions } from './options.ts'
import { createSharedTick } from './shared-tick.ts'
import type { WaitTurns } from './wait-turns.ts'

export interface WorkerEndpointDeps {
  readonly scheduler: Scheduler
  /** Null: the endpoints are there, and closed. */
  readonly workers: WorkersOptions | null
  readonly turns: WaitTurns
}

const ended = z.object({
  status: z.enum(['succeeded', 'accepted', 'skipped', 'pruned']),
  runId: z.string(),
  job: z.string(),
  reason: z.optional(z.string()),
  result: z.optional(z.unknown()),
})
const answers = {
  200: { description: 'The run succeeded, or was skipped. With `result` where the route says so.', schema: ended },
  202: { description: 'The run goes on.', schema: ended },
  401: { description: 'The secret is missing or wrong.', schema: problem },
  404: { description: 'There is no such job.', schema: problem },
  422: { description: 'The payload does not fit.', schema: problem },
  500: { description: 'The run is dead.', schema: problem },
}
const METHODS = ['GET', 'POST'] as const

export function workerEndpoints(deps: WorkerEndpointDeps): readonly AnyEndpoint[] {
  const { scheduler, workers, turns } = deps
  const jobs = new Map(scheduler.jobs.map((job) => [job.name, job as Job<unknown, unknown>]))
  const open = new Set(workers?.jobs ?? jobs.keys())
  const tick = createSharedTick(scheduler, {
    limit: workers?.tick?.limit ?? WORKER_DEFAULTS.tickLimit,
    budgetMs: durationMs(workers?.tick?.budget ?? WORKER_DEFAULTS.tickBudget) as number,
    everyMs: durationMs(workers?.tick?.every ?? WORKER_DEFAULTS.tickEvery) as number,
  })

  const run = async (route: WorkerRoute, call: Call): Promise<Answer> => {
    const job = jobs.get(route.job)
    if (job === undefined) throw new Problem('NotFound', 'There is no such job.', { code: 'UnknownJob' })
    const given = { params: call.params as WorkerCall['params'], query: queryOf(call.request.url), body: call.body }
    const order = {
      job,
      payload: route.payload === undefined ? payloadOf(given) : route.payload(given),
      key: keyOf(route, given),
      showsResult: route.result === true,
      idempotencyKey: call.request.headers.get('idempotency-key'),
      overlap: route.overlap ?? workers?.overlap ?? WORKER_DEFAULTS.overlap,
      waitMs: durationMs(route.wait ?? workers?.wait ?? WORKER_DEFAULTS.wait) as number,
      signal: call.request.signal,
      trace: traceOf(call.request, call.requestId),
    }
    const { runId, answer } = await callWorker(order, { scheduler, turns, pass: workers?.inline === true ? tick : null })
    call.note({ job: job.name, runId })
    return answer
  }

  const at = (id: string, path: string, routeOf: (call: Call) => WorkerRoute): readonly AnyEndpoint[] =>
    METHODS.map((method) =>
      defineEndpoint({
        id: `${id}By${method === 'GET' ? 'Get' : 'Post'}`,
        method,
        path,
        access: 'worker',
        summary: 'Runs a job for an external cron.',
        params: paramsOf(path),
        ...(method === 'POST' ? { body: z.unknown() } : {}),
        answers,
        handle: (call) => run(routeOf(call as Call), call as Call),
      }),
    )

  const base = workers?.path ?? WORKER_DEFAULTS.path
  return [
    ...METHODS.map((method) =>
      defineEndpoint({
        id: method === 'GET' ? 'tickByGet' : 'tickByPost',
        method,
        path: '/tick',
        access: 'worker',
        summary: 'Makes one pass, on hosts where no process stays: fires what is due, executes, settles.',
        answers: {
          200: { description: 'What the pass did.', schema: tickSummary },
          409: { description: 'A process runs this scheduler.', schema: problem },
        },
        handle: async () => json(200, await tick()),
      }),
    ),
    ...Object.entries(workers?.routes ?? {}).flatMap(([pattern, route], index) =>
      at(`worker${index + 1}`, below(base, pattern), () => (typeof route === 'string' ? { job: route } : route)),
    ),
    ...at('worker', below(base, ':job'), (call) => {
      const { job } = call.params as { readonly job: string }
      if (!open.has(job)) throw new Problem('NotFound', 'There is no such job.', { code: 'UnknownJob' })
      return { job, payload: ({ body }) => body }
    }),
  ]
}

const tickSummary = z.object({
  fired: z.number(),
  claimed: z.number(),
  succeeded: z.number(),
  failed: z.number(),
  nextWakeAt: z.nullable(z.string()),
})

function below(base: string, pattern: string): string {
  if (pattern.startsWith('/')) return pattern
  return `${base === '/' ? '' : base}/${pattern}`
}

/** Every parameter is a segment of text; `:job` a name. */
function paramsOf(path: string): z.ZodMiniType {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  return z.object(Object.fromEntries(names.map((name) => [name, name === 'job' ? jobName : segment])))
}

const segment = z.string().check(z.minLength(1), z.maxLength(512), z.regex(/^\P{Cc}*$/u))

function keyOf({ key }: WorkerRoute, given: WorkerCall): string {
  return (typeof key === 'string' ? given.params[key] : key?.(given)) ?? ''
}

/** The path is over the body: whoever may call one path may not reach another's by what it sends. */
function payloadOf({ params, body }: WorkerCall): unknown {
  if (Object.keys(params).length === 0) return body
  if (body === undefined) return { ...params }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Problem('InvalidValue', 'The body is no object.')
  return { ...body, ...params }
}
