/** `/clusters[/:id]`, with "start fix", and `/jobs/:id`, whole or as a stream. */
import { Hono } from 'hono'
import * as z from 'zod'
import { CLUSTER_STATUSES, findCluster, listClusters } from '../clusters/read-clusters.ts'
import { traceparentOf } from '../follow/tracing.ts'
import { findJob } from '../fixes/read-jobs.ts'
import { type StartDeps, startFix } from '../fixes/start-fix.ts'
import { streamJob } from '../fixes/stream-job.ts'
import type { Role } from './auth.ts'
import { type ApiEnv, requireRole } from './context.ts'

export interface ClusterRouteDeps extends StartDeps {
  readonly rolesOf: (request: Request) => Promise<readonly Role[]>
  /** Aborts when the service stops: streams end then. */
  readonly stopping: AbortSignal
}

const querySchema = z.strictObject({
  status: z.enum(CLUSTER_STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
const idSchema = z.uuid()
const seqSchema = z.coerce.number().int().min(0).max(1e9).catch(0)

export function createClusterRoutes(deps: ClusterRouteDeps): Hono<ApiEnv> {
  const { db, rolesOf } = deps
  const app = new Hono<ApiEnv>()
  const maySee = requireRole(rolesOf, ['dashboard', 'admin'])

  app.get('/clusters', maySee, async (c) => {
    const query = querySchema.safeParse(c.req.query())
    if (!query.success) return c.json({ error: z.prettifyError(query.error) }, 422)
    return c.json({ clusters: await listClusters(db, query.data.status ?? null, query.data.limit) })
  })

  app.get('/clusters/:id', maySee, async (c) => {
    const id = idSchema.safeParse(c.req.param('id'))
    const cluster = id.success ? await findCluster(db, id.data) : null
    return cluster === null ? c.json({ error: 'There is no such cluster.' }, 404) : c.json(cluster)
  })

  app.post('/clusters/:id/fix', maySee, async (c) => {
    const id = idSchema.safeParse(c.req.param('id'))
    const request = { actor: c.get('actor'), requestId: c.get('requestId'), traceparent: traceparentOf(c.get('span')) }
    const started = id.success ? await startFix(deps, { clusterId: id.data, ...request }) : ({ kind: 'no cluster' } as const)
    if (started.kind === 'no cluster') return c.json({ error: 'There is no such cluster.' }, 404)
    c.header('Location', `/jobs/${started.jobId}`)
    return c.json({ isNew: started.kind === 'started', job: await findJob(db, started.jobId) }, started.kind === 'started' ? 202 : 200)
  })

  app.get('/jobs/:id', maySee, async (c) => {
    const id = idSchema.safeParse(c.req.param('id'))
    const job = id.success ? await findJob(db, id.data) : null
    if (job === null) return c.json({ error: 'There is no such job.' }, 404)
    if (c.req.header('accept')?.includes('text/event-stream') !== true) return c.json(job)
    const signal = AbortSignal.any([c.req.raw.signal, deps.stopping])
    const events = streamJob({ db, id: job.id, after: seqSchema.parse(c.req.header('last-event-id') ?? 0), signal })
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' }
    return new Response(ReadableStream.from(events).pipeThrough(new TextEncoderStream()), { headers })
  })

  return app
}
