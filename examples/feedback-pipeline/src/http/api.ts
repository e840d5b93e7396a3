/** All routes: the data API, what operators need, and the scheduler's own handler below `/ops`. */
import { type CollectedMetrics, createHandler } from '@quarterjack/adapter-http'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type AdminDeps, createAdminRoutes } from './admin-routes.ts'
import { type ClusterRouteDeps, createClusterRoutes } from './cluster-routes.ts'
import { type ApiEnv, type Followed, followRequest } from './context.ts'
import { createDashboardRoutes } from './dashboard-routes.ts'
import { createIngestRoutes, type IngestDeps } from './ingest-routes.ts'

export type ApiDeps = IngestDeps & ClusterRouteDeps & AdminDeps & Followed & { readonly prometheus: CollectedMetrics }

const MOST_BYTES = 1_048_576

export function createApi(deps: ApiDeps): (request: Request) => Promise<Response> {
  const { scheduler, rolesOf, logger, prometheus } = deps
  const ops = createHandler(scheduler, {
    basePath: '/ops',
    logger,
    metrics: prometheus,
    // The dashboard shows how the jobs are doing; to change anything, one has to be an operator.
    authorize: async (request, { permission }) => {
      const roles = await rolesOf(request)
      return roles.includes('admin') || (permission === 'read' && roles.includes('dashboard'))
    },
  })
  const app = new Hono<ApiEnv>()
  app.use(followRequest(deps))
  app.use('/ingest/*', bodyLimit({ maxSize: MOST_BYTES, onError: (c) => c.json({ error: 'The body is over 1 MB.' }, 413) }))
  app.route('/ingest', createIngestRoutes(deps))
  app.route('/', createClusterRoutes(deps))
  app.route('/', createAdminRoutes(deps))
  app.route('/', createDashboardRoutes())
  app.notFound((c) => c.json({ error: 'There is nothing here.' }, 404))
  app.onError((_, c) => c.json({ error: 'That went wrong; the log has the reason.', requestId: c.get('requestId') }, 500))

  return async (request) => (/^\/ops(\/|$)/.test(new URL(request.url).pathname) ? ops(request) : app.fetch(request))
}
