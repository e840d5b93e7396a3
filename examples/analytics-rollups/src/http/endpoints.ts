/** The endpoints: two of the old document, alerts, the scheduler's own health, and a page of plots. */
import { createHandler } from '@quarterjack/adapter-http'
import type { Scheduler } from '@quarterjack/core'
import { judgeAlerts } from '../alerts/judge-alerts.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/open-database.ts'
import { type LineLog, RUNNING_ALREADY } from '../observe/log-lines.ts'
import { plotsPage } from '../plots/plots-page.ts'
import { readPlots } from '../plots/read-plots.ts'
import type { AnalyticsRollups } from '../rollups/define-rollups.ts'
import { answerData, answerError, answerHtml, nextRequestId } from './answers.ts'
import { judgeRollup } from './rollup-health.ts'

export interface EndpointDeps {
  readonly scheduler: Scheduler
  readonly rollups: AnalyticsRollups
  readonly db: Database
  readonly config: Config
  readonly log: LineLog
  readonly now: () => number
  readonly isInitialised: () => boolean
}

const FORBIDDEN = { status: 403, code: 'FORBIDDEN', message: 'Test endpoints are disabled' }
const UNINITIALISED = { status: 503, code: 'SERVICE_UNAVAILABLE', message: 'Rollup scheduler not initialized' }
const FAILED = { status: 500, code: 'INTERNAL_ERROR', message: 'Failed to execute rollup' }
const BROKEN = { status: 500, code: 'INTERNAL_ERROR', message: 'Something went wrong' }

export function createEndpoints(deps: EndpointDeps): (request: Request) => Promise<Response> {
  const { scheduler, rollups, db, config, log, now, isInitialised } = deps
  const bornAt = now()
  // Live, ready, health of everything: `/scheduler/health`.
  const own = createHandler(scheduler, { basePath: '/scheduler', logger: false })

  const health = async (requestId: string): Promise<Response> => {
    if (!isInitialised()) return answerError(UNINITIALISED, requestId)
    const facts = { snapshot: await scheduler.health(), job: rollups.calculations.name, startedAt: bornAt }
    const body = judgeRollup({ ...facts, intervalHours: config.intervalHours })
    return answerData(body.healthy ? 200 : 503, body)
  }

  const trigger = async (requestId: string): Promise<Response> => {
    if (!config.isTestable) return answerError(FORBIDDEN, requestId)
    if (!isInitialised()) return answerError(UNINITIALISED, requestId)
    const alive = await scheduler.runs.find({ job: rollups.calculations.name, state: 'running', limit: 1 })
    // What was written after that one began would be missing: the trigger's own run comes right behind it.
    if (alive.length > 0) log.warn(RUNNING_ALREADY, { queued: true })
    try {
      const run = await scheduler.trigger(rollups.calculations, undefined, { idempotencyKey: requestId })
      await run.finished({ timeout: '2m' })
    } catch (error) {
      log.error('manual rollup failed', { request_id: requestId, error: error instanceof Error ? error.message : String(error) })
      return answerError(FAILED, requestId)
    }
    return answerData(200, { status: 'triggered', request_id: requestId, message: 'Rollup executed successfully' })
  }

  const routes: Readonly<Record<string, (requestId: string) => Promise<Response>>> = {
    'GET /health/rollup': health,
    'POST /internal/rollup/trigger': trigger,
    'GET /alerts': async () => answerData(200, { alerts: judgeAlerts(await scheduler.health()) }),
    'GET /': async () => answerHtml(plotsPage(await readPlots(db, now()), (await scheduler.health()).rollups)),
  }

  return async (request) => {
    const { pathname } = new URL(request.url)
    const route = routes[`${request.method} ${pathname}`]
    const requestId = nextRequestId()
    if (route === undefined) return pathname.startsWith('/scheduler/') ? own(request) : answerError(notFound(routes, pathname), requestId)
    try {
      return await route(requestId)
    } catch (error) {
      log.error('request failed', { request_id: requestId, error: error instanceof Error ? error.message : String(error) })
      return answerError(BROKEN, requestId)
    }
  }
}

function notFound(routes: object, pathname: string) {
  const isKnown = Object.keys(routes).some((route) => route.endsWith(` ${pathname}`))
  if (isKnown) return { status: 405, code: 'METHOD_NOT_ALLOWED', message: 'Method not allowed' }
  return { status: 404, code: 'NOT_FOUND', message: 'Not found' }
}
