/** The companion API: takes feedback events and aggregates them into learning weights. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { createFaults, type Fault, faultSchema } from './faults.ts'
import { feedbackEventSchema } from './feedback-event.ts'
import type { AggregateResult, LearningModel } from './learning-model.ts'
import { requireKey } from './require-key.ts'

export interface FeedbackApiOptions {
  readonly apiKey: string
  readonly model: LearningModel
  /** Faults of the first aggregations. Default none. */
  readonly faults?: readonly Fault[]
  /** Epoch ms. Default: the wall clock. */
  readonly now?: () => number
}

/** Events may be this far ahead of our clock: one from next year would make all others look old. */
const MAX_AHEAD_MS = 5 * 60_000

const appendSchema = z.strictObject({ events: z.array(feedbackEventSchema).min(1).max(500) })

/**
 * Routes: `GET /api/healthz` is open; with the key `POST /api/v2/agent/feedback/aggregate` (200 with a
 * summary, 204 when there is nothing new), `POST …/events`, `GET …/weights`, and `POST /api/admin/faults`.
 */
export function createFeedbackApi({ apiKey, model, faults: initial = [], now = Date.now }: FeedbackApiOptions): Hono {
  const faults = createFaults(initial)
  const answers = rememberAnswers(100)
  const app = new Hono()

  app.get('/api/healthz', (c) => c.json({ status: 'ok' }))

  app.use('/api/v2/*', requireKey(apiKey))
  app.use('/api/admin/*', requireKey(apiKey))
  app.use(bodyLimit({ maxSize: 262_144, onError: (c) => c.json({ error: 'The body is over 256 KB. Send fewer events at a time.' }, 413) }))

  app.post('/api/v2/agent/feedback/aggregate', async (c) => {
    const fault = faults.take()
    if (fault?.kind === 'hang') {
      await untilAborted(c.req.raw.signal)
      return c.body(null, 503)
    }
    if (fault?.kind === 'fail') {
      if (fault.retryAfter !== undefined) c.header('retry-after', String(fault.retryAfter))
      return c.json({ error: 'The aggregation was told to fail.' }, fault.status as ContentfulStatusCode)
    }
    const idempotencyKey = c.req.header('idempotency-key')
    const result = answers.get(idempotencyKey) ?? model.aggregate()
    if (result === null) return c.body(null, 204)
    answers.keep(idempotencyKey, result)
    return c.json(result)
  })

  app.post('/api/v2/agent/feedback/events', async (c) => {
    const parsed = appendSchema.safeParse(await readJson(c.req.raw))
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 400)
    const ahead = parsed.data.events.find(({ at }) => Date.parse(at) > now() + MAX_AHEAD_MS)
    if (ahead !== undefined) return c.json({ error: `Event ${ahead.id} is from the future: ${ahead.at}.` }, 400)
    return c.json(await model.append(parsed.data.events), 201)
  })

  app.get('/api/v2/agent/feedback/weights', (c) => c.json(model.current()))

  app.post('/api/admin/faults', async (c) => {
    const parsed = faultSchema.safeParse(await readJson(c.req.raw))
    if (!parsed.success) return c.json({ error: z.prettifyError(parsed.error) }, 400)
    faults.add(parsed.data)
    return c.json({ pending: faults.pending() }, 201)
  })

  return app
}

/** The last `limit` answers by idempotency key: a caller that lost one gets it again, and not "nothing new". */
function rememberAnswers(limit: number): {
  get(key: string | undefined): AggregateResult | undefined
  keep(key: string | undefined, result: AggregateResult): void
} {
  const answers = new Map<string, AggregateResult>()
  return {
    get: (key) => (key === undefined ? undefined : answers.get(key)),
    keep(key, result) {
      if (key === undefined) return
      answers.set(key, result)
      const [oldest] = answers.keys()
      if (answers.size > limit && oldest !== undefined) answers.delete(oldest)
    },
  }
}

async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json()
  } catch {
    return undefined
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
