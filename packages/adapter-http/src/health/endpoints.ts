/** `/live`, `/ready`, `/health`, `/health/:job`: what load balancers and monitors ask. */
import type { Clock, HealthStatus, Scheduler } from '@quarterjack/core'
import * as z from 'zod/mini'
import { type Answer, type AnyEndpoint, type Call, defineEndpoint, json } from '../endpoint/endpoint.ts'
import { noQuery } from '../endpoint/parse.ts'
import { jobName } from '../endpoint/schemas.ts'
import { Problem } from '../problem/problem.ts'
import { type HealthShape, type HealthView, newestRunAt, shapeHealth } from './shape.ts'
import { type Snapshot, snapshotOf } from './snapshot-cache.ts'
import { statusCodeOf } from './status-code.ts'

export interface HealthDeps {
  readonly scheduler: Scheduler
  readonly clock: Clock
  readonly cacheMs: number
  readonly shape: HealthShape | null
  /** Below the base path. */
  readonly path: string
}

const status = z.object({ status: z.enum(['ok', 'degraded', 'unhealthy', 'suspended', 'stopped']) })
const answers = {
  200: { description: 'ok, degraded or suspended. With read permission: the whole snapshot (docs/health.md).', schema: status },
  503: { description: 'unhealthy or stopped', schema: status },
}

export function healthEndpoints(deps: HealthDeps): readonly AnyEndpoint[] {
  const look = (): Promise<Snapshot> => snapshotOf(deps.scheduler, deps.cacheMs, deps.clock)
  return [
    defineEndpoint({
      id: 'live',
      method: 'GET',
      path: '/live',
      access: 'public',
      summary: 'Whether the process and its loop are alive. Never asks the store.',
      answers: { 200: { description: 'alive' }, 503: { description: 'the loop stands still, or the scheduler was stopped' } },
      handle: () => (deps.scheduler.live() ? json(200, { status: 'live' }) : json(503, { status: 'dead' })),
    }),
    defineEndpoint({
      id: 'ready',
      method: 'GET',
      path: '/ready',
      access: 'public',
      summary: 'Whether the store answers and the scheduler was not stopped.',
      answers: { 200: { description: 'ready' }, 503: { description: 'not ready' } },
      async handle() {
        const { health } = await look()
        const isReady = health.store.reachable && health.status !== 'stopped'
        return isReady ? json(200, { status: 'ready' }) : json(503, { status: 'unready' })
      },
    }),
    defineEndpoint({
      id: 'health',
      method: 'GET',
      path: deps.path,
      access: 'public',
      summary: 'Health of the scheduler.',
      answers,
      async handle(call) {
        const snapshot = await look()
        const { health } = snapshot
        const { running, jobs } = health
        return answerHealth(
          deps.shape,
          call,
          { ...viewOf(null, health.status), running, lastRun: newestRunAt(jobs), snapshot: health, rollup: null },
          () => snapshot.text(),
        )
      },
    }),
    defineEndpoint({
      id: 'jobHealth',
      method: 'GET',
      path: `${deps.path}/:job`,
      access: 'public',
      summary:
        'Health of one job or rollup. A job that never ran is well until its staleAfter has passed; a rollup is well while it is fresh.',
      params: z.object({ job: jobName }),
      answers: { ...answers, 404: { description: 'no such job in this process' } },
      async handle(call) {
        const judged = (await look()).job(call.params.job)
        if (judged === undefined) throw new Problem('NotFound', 'This process knows no such job.', { code: 'UnknownJob' })
        const { health: job, rollup } = judged
        const view = { ...viewOf(job.job, job.status), running: job.running, lastRun: job.lastRun?.at ?? null, snapshot: job, rollup }
        return answerHealth(deps.shape, call, view, () => JSON.stringify(rollup === null ? job : { ...job, rollup }))
      },
    }),
    defineEndpoint({
      id: 'snapshot',
      method: 'GET',
      path: '/snapshot',
      access: 'read',
      summary: 'The whole health snapshot, whatever the status and the shape of /health.',
      query: noQuery,
      answers: { 200: { description: 'docs/health.md', schema: z.looseObject({ version: z.number(), at: z.string(), ...status.shape }) } },
      handle: async () => ({ status: 200, text: (await look()).text(), contentType: 'application/json' }),
    }),
  ]
}

function viewOf(job: string | null, of: HealthStatus): Pick<HealthView, 'job' | 'status' | 'healthy'> {
  return { job, status: of, healthy: statusCodeOf(of) === 200 }
}

async function answerHealth(shape: HealthShape | null, call: Call, view: HealthView, whole: () => string | Buffer): Promise<Answer> {
  const code = statusCodeOf(view.status)
  if (shape !== null) return json(code, shapeHealth(shape, view))
  if (await call.mayRead()) return { status: code, text: whole(), contentType: 'application/json' }
  return json(code, { status: view.status })
}
