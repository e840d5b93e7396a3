/** `/ingest/*`: posts of Reddit, issues of Sentry, and what people type into a form. */
import type { Scheduler } from '@quarterjack/core'
import { type Context, Hono } from 'hono'
import * as z from 'zod'
import type { ClusterJob } from '../clusters/cluster-job.ts'
import type { Database } from '../db/open-database.ts'
import type { PipelineMetrics } from '../follow/metrics.ts'
import { traceparentOf } from '../follow/tracing.ts'
import type { Ingested, NewFeedback, Source } from '../ingest/feedback.ts'
import { formSchema, fromForm } from '../ingest/from-form.ts'
import { batchSchema, fromReddit, postSchema } from '../ingest/from-reddit.ts'
import { fromSentry, issueEventSchema } from '../ingest/from-sentry.ts'
import { saveFeedback } from '../ingest/save-feedback.ts'
import { isFromSentry } from '../ingest/verify-sentry.ts'
import type { Role } from './auth.ts'
import { type ApiEnv, requireRole } from './context.ts'

export interface IngestDeps {
  readonly db: Database
  readonly scheduler: Scheduler
  readonly clusterJob: ClusterJob
  readonly metrics: PipelineMetrics
  readonly now: () => number
  readonly rolesOf: (request: Request) => Promise<readonly Role[]>
  readonly sentrySecret: string | undefined
  /** How long the source has to wait; 0 for not at all. */
  readonly limit: (source: Source, count: number) => number
  readonly onIngested: (ingested: readonly Ingested[], about: { readonly requestId: string; readonly source: Source }) => void
}

type Ctx = Context<ApiEnv>

export function createIngestRoutes(deps: IngestDeps): Hono<ApiEnv> {
  const { rolesOf, sentrySecret, now, metrics } = deps
  const app = new Hono<ApiEnv>()

  app.post('/reddit', requireRole(rolesOf, ['ingest', 'admin']), async (c) => {
    const batch = batchSchema.safeParse(await jsonOf(c))
    if (!batch.success) return refuse(c, deps, 'reddit', batch.error)
    const wait = tooFast(c, deps, 'reddit', batch.data.posts.length)
    if (wait !== null) return wait
    const posts = batch.data.posts.map((post) => postSchema.safeParse(post))
    const refused = posts.flatMap(({ error }, index) => (error === undefined ? [] : [{ index, error: z.prettifyError(error) }]))
    if (refused.length > 0) metrics.ingested('reddit', 'refused', refused.length)
    const results = await save(
      c,
      deps,
      'reddit',
      posts.flatMap(({ data }) => (data === undefined ? [] : [fromReddit(data)])),
    )
    return c.json({ requestId: c.get('requestId'), results, refused })
  })

  app.post('/sentry', async (c) => {
    if (sentrySecret === undefined) return c.json({ error: 'The webhook is closed: set SENTRY_SECRET.' }, 403)
    const body = await c.req.text()
    if (!isFromSentry(c.req.raw.headers, body, sentrySecret)) return c.json({ error: 'The signature does not fit.' }, 401)
    c.set('actor', 'sentry')
    const event = issueEventSchema.safeParse(parsed(body))
    if (!event.success) return refuse(c, deps, 'sentry', event.error)
    const item = fromSentry(event.data, now())
    if (item === null) return c.json({ requestId: c.get('requestId'), results: [], ignored: event.data.action })
    const wait = tooFast(c, deps, 'sentry', 1)
    if (wait !== null) return wait
    return c.json({ requestId: c.get('requestId'), results: await save(c, deps, 'sentry', [item]) })
  })

  app.post('/manual', requireRole(rolesOf, ['dashboard', 'admin']), async (c) => {
    const isForm = c.req.header('content-type')?.startsWith('application/x-www-form-urlencoded') === true
    const form = formSchema.safeParse(isForm ? Object.fromEntries(new URLSearchParams(await c.req.text())) : await jsonOf(c))
    if (!form.success) return refuse(c, deps, 'manual', form.error)
    const wait = tooFast(c, deps, 'manual', 1)
    if (wait !== null) return wait
    return c.json({ requestId: c.get('requestId'), results: await save(c, deps, 'manual', [fromForm(form.data, now())]) })
  })

  return app
}

/** Rows and the trigger of clustering are committed together: nothing that came in is forgotten. */
async function save(c: Ctx, deps: IngestDeps, source: Source, items: readonly NewFeedback[]): Promise<readonly Ingested[]> {
  const { db, scheduler, clusterJob, metrics, now, onIngested } = deps
  if (items.length === 0) return []
  const requestId = c.get('requestId')
  const arrival = { requestId, traceparent: traceparentOf(c.get('span')), actor: c.get('actor'), at: now() }
  const results = await db.transaction(async (tx) => {
    const saved = await saveFeedback(tx, items, arrival)
    if (saved.some(({ outcome }) => outcome === 'created')) await scheduler.trigger(clusterJob, undefined, { tx })
    return saved
  })
  for (const { outcome } of results) metrics.ingested(source, outcome)
  onIngested(results, { requestId, source })
  return results
}

function tooFast(c: Ctx, { limit, metrics }: IngestDeps, source: Source, count: number): Response | null {
  const waitMs = limit(source, count)
  if (waitMs === 0) return null
  metrics.ingested(source, 'limited', count)
  c.header('Retry-After', String(Math.ceil(waitMs / 1_000)))
  return c.json({ error: `Too much from ${source}: come again in ${Math.ceil(waitMs / 1_000)} s.` }, 429)
}

function refuse(c: Ctx, { metrics }: IngestDeps, source: Source, error: z.ZodError): Response {
  metrics.ingested(source, 'refused')
  return c.json({ error: z.prettifyError(error) }, 422)
}

async function jsonOf(c: Ctx): Promise<unknown> {
  return parsed(await c.req.text())
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
