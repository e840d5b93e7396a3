/** For whoever runs it: the audit trail, dead letters, export and import. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as z from 'zod'
import { type DeadDeps, listDead, replayDead } from '../dead/dead-letters.ts'
import { findAudit } from '../follow/audit.ts'
import { exportLines } from '../transfer/export-data.ts'
import { importLines } from '../transfer/import-data.ts'
import { TransferError } from '../transfer/tables.ts'
import type { Role } from './auth.ts'
import { type ApiEnv, requireRole } from './context.ts'

export interface AdminDeps extends DeadDeps {
  readonly rolesOf: (request: Request) => Promise<readonly Role[]>
}

const auditSchema = z.strictObject({
  requestId: z.string().max(64).optional(),
  subject: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
})
const replaySchema = z.strictObject({ ids: z.array(z.uuid()).min(1).max(1_000) })
const MOST_IMPORTED = 64 * 1_024 * 1_024

export function createAdminRoutes(deps: AdminDeps): Hono<ApiEnv> {
  const { db, rolesOf, now } = deps
  const app = new Hono<ApiEnv>()
  const isAdmin = requireRole(rolesOf, ['admin'])

  app.get('/audit', isAdmin, async (c) => {
    const query = auditSchema.safeParse(c.req.query())
    if (!query.success) return c.json({ error: z.prettifyError(query.error) }, 422)
    return c.json({ entries: await findAudit(db, query.data) })
  })

  app.get('/dead-letters', isAdmin, async (c) => c.json(await listDead(db)))

  app.post('/dead-letters/replay', isAdmin, async (c) => {
    const body = replaySchema.safeParse(await c.req.json().catch(() => undefined))
    if (!body.success) return c.json({ error: z.prettifyError(body.error) }, 422)
    return c.json(await replayDead(deps, { ids: body.data.ids, actor: c.get('actor'), requestId: c.get('requestId') }))
  })

  app.get('/export', isAdmin, async (c) => {
    const lines = await exportLines(db)
    c.header('Content-Type', 'application/x-ndjson')
    return c.body(`${lines.join('\n')}\n`)
  })

  app.post(
    '/import',
    isAdmin,
    bodyLimit({ maxSize: MOST_IMPORTED, onError: (c) => c.json({ error: 'The body is over 64 MB.' }, 413) }),
    async (c) => {
      const text = await c.req.text()
      try {
        return c.json(await importLines(db, text, { actor: c.get('actor'), requestId: c.get('requestId'), at: now() }))
      } catch (error) {
        if (!(error instanceof TransferError)) throw error
        return c.json({ error: error.message }, 422)
      }
    },
  )

  return app
}
