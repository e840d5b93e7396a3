/** The paths of the old document, served by the scheduler's own handler. */
import { authorizeTokens, createHandler, type Handler } from '@quarterjack/adapter-http'
import type { Scheduler } from '@quarterjack/core'
import { shapeWorkerHealth } from './worker-health.ts'

/** Paths that are not just the name of the job. */
export const WORKER_ROUTES = {
  'orchestration/batch': 'orchestration-batch',
  'orchestration/retry-failed': 'orchestration-retry-failed',
  'orchestration/cleanup': 'orchestration-cleanup',
  'orchestration/project/:id': {
    job: 'orchestration-project',
    key: ({ params }: { params: Readonly<Record<string, string>> }) => params.id ?? '',
  },
  'orchestration/project/:id/analyze-github': {
    job: 'orchestration-analyze-github',
    key: ({ params }: { params: Readonly<Record<string, string>> }) => params.id ?? '',
  },
}

export interface EndpointSecrets {
  readonly cronSecrets: readonly string[]
  readonly adminSecrets: readonly string[]
}

/** Everything below `/api/v1/workers`, and the control of jobs below `/api/v1` for those who have an admin secret. */
export function createWorkerEndpoints(scheduler: Scheduler, { cronSecrets, adminSecrets }: EndpointSecrets): Handler {
  return createHandler(scheduler, {
    basePath: '/api/v1',
    ...(adminSecrets.length > 0 && { authorize: authorizeTokens({ write: adminSecrets }) }),
    workers: { secrets: cronSecrets, routes: WORKER_ROUTES },
    health: { path: '/workers/health', shape: shapeWorkerHealth },
  })
}
