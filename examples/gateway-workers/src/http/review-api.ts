/** For people: the review queue, and the settings of agents. Each request needs an admin secret. */
import { type Authorize, authorizeTokens } from '@quarterjack/adapter-http'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as z from 'zod'
import type { Queries } from '../db/queries.ts'
import { listAssignments, saveSettings } from '../orchestration/assignments.ts'
import { decide, listSuggestions } from '../orchestration/review.ts'
import { assignmentSchema, settingsSchema } from '../orchestration/settings.ts'

export interface ReviewApiOptions {
  readonly db: Queries
  readonly adminSecrets: readonly string[]
  readonly now: () => number
  /** Called after settings changed, so that schedules follow. */
  readonly onSettings: () => Promise<unknown>
}

const querySchema = z.object({ status: z.enum(['pending_review', 'approved', 'published', 'rejected']).default('pending_review') })
const decisionSchema = z.object({ id: z.uuid(), verdict: z.enum(['approved', 'rejected', 'published']) })
const bySchema = z.strictObject({ by: z.string().trim().min(1).max(64) })

export function createReviewApi({ db, adminSecrets, now, onSettings }: ReviewApiOptions): Hono {
  const authorize: Authorize = adminSecrets.length > 0 ? authorizeTokens({ write: adminSecrets }) : () => false
  const app = new Hono()

  app.use(async (c, next) => {
    const permission = c.req.method === 'GET' ? 'read' : 'write'
    if (await authorize(c.req.raw, { permission, operation: 'review', job: null })) return next()
    return c.json({ error: 'Send an admin secret as "Authorization: Bearer …".' }, 401)
  })
  app.use(bodyLimit({ maxSize: 16_384, onError: (c) => c.json({ error: 'The body is over 16 KB.' }, 413) }))

  app.get('/api/v1/suggestions', async (c) => {
    const query = querySchema.safeParse(c.req.query())
    if (!query.success) return c.json({ error: z.prettifyError(query.error) }, 400)
    return c.json({ suggestions: await listSuggestions(db, query.data.status) })
  })

  app.post('/api/v1/suggestions/:id/:verdict', async (c) => {
    const target = decisionSchema.safeParse(c.req.param())
    const who = bySchema.safeParse(await c.req.json().catch(() => undefined))
    if (!target.success) return c.json({ error: z.prettifyError(target.error) }, 400)
    if (!who.success) return c.json({ error: z.prettifyError(who.error) }, 400)
    const isDecided = await decide(db, { ...target.data, by: who.data.by, at: now() })
    if (isDecided) return c.json({ id: target.data.id, status: target.data.verdict })
    return c.json({ error: 'There is no such suggestion, or it is not at that point of the workflow.' }, 409)
  })

  app.get('/api/v1/projects/:projectId/agents', async (c) => {
    const id = z.uuid().safeParse(c.req.param('projectId'))
    if (!id.success) return c.json({ error: z.prettifyError(id.error) }, 400)
    return c.json({ agents: await listAssignments(db, id.data) })
  })

  app.put('/api/v1/projects/:projectId/agents/:agent', async (c) => {
    const assignment = assignmentSchema.safeParse(c.req.param())
    const settings = settingsSchema.safeParse(await c.req.json().catch(() => undefined))
    if (!assignment.success) return c.json({ error: z.prettifyError(assignment.error) }, 400)
    if (!settings.success) return c.json({ error: z.prettifyError(settings.error) }, 400)
    if (!(await saveSettings(db, assignment.data, settings.data))) return c.json({ error: 'There is no such project.' }, 404)
    await onSettings()
    return c.json({ ...assignment.data, settings: settings.data })
  })

  return app
}
