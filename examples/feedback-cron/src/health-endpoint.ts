/** What a container asks: `GET /health` and `GET /live`. */
import type { HealthStatus, Scheduler } from '@quarterjack/core'
import { Hono } from 'hono'

/** Suspension is an operator's decision, and a degraded job still works: a restart would help neither. */
const FAILING: ReadonlySet<HealthStatus> = new Set(['unhealthy', 'stopped'])

/** `/health`: the snapshot, 503 when it is unhealthy or stopped. `/live`: 503 when the loop no longer turns. */
export function createHealthEndpoint(scheduler: Pick<Scheduler, 'health' | 'live'>): Hono {
  const app = new Hono()
  app.get('/health', async (c) => {
    const snapshot = await scheduler.health()
    return c.json(snapshot, FAILING.has(snapshot.status) ? 503 : 200)
  })
  app.get('/live', (c) => {
    const live = scheduler.live()
    return c.json({ live }, live ? 200 : 503)
  })
  return app
}
