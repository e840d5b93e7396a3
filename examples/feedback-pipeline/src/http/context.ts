/** What every route is given: the request's id, its span, and who calls. */
import { type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { Logger } from '@quarterjack/core'
import { createMiddleware } from 'hono/factory'
import { requestIdOf } from '../follow/request-id.ts'
import type { Role } from './auth.ts'

export interface ApiEnv {
  Variables: { requestId: string; span: Span; actor: Role | 'sentry' }
}

export interface Followed {
  readonly tracer: Tracer
  readonly logger: Logger
  readonly now: () => number
}

/** Names the request, opens its span, and logs how it ended: a line per request, without query and body. */
export function followRequest({ tracer, logger, now }: Followed) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const startedAt = now()
    const requestId = requestIdOf(c.req.raw.headers)
    const span = tracer.startSpan(`${c.req.method} ${c.req.path}`, { attributes: { requestId } })
    c.set('requestId', requestId)
    c.set('span', span)
    await next()
    c.res.headers.set('X-Request-Id', requestId)
    const { status } = c.res
    span.setAttribute('status', status)
    if (c.error !== undefined) span.recordException(c.error)
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
    const line = { requestId, method: c.req.method, path: c.req.path, status, durationMs: now() - startedAt, actor: c.get('actor') }
    logger.info(line, 'request')
    if (c.error !== undefined) logger.error({ requestId, error: c.error }, 'request failed')
  })
}

/** Lets through whoever has one of the roles, and names the first that fits. */
export function requireRole(rolesOf: (request: Request) => Promise<readonly Role[]>, allowed: readonly Role[]) {
  return createMiddleware<ApiEnv>(async (c, next) => {
    const granted = await rolesOf(c.req.raw)
    const role = allowed.find((one) => granted.includes(one))
    if (role === undefined) {
      const status = granted.length === 0 ? 401 : 403
      return c.json({ error: `Send a token for ${allowed.join(' or ')} as "Authorization: Bearer …".` }, status)
    }
    c.set('actor', role)
    return next()
  })
}
