/** `/`: a page for people, which asks the API as everybody else does. */
import { readFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { ApiEnv } from './context.ts'

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/dashboard.js': ['dashboard.js', 'text/javascript; charset=utf-8'],
  '/dashboard.css': ['dashboard.css', 'text/css; charset=utf-8'],
} as const

/** Nothing from elsewhere is loaded, and nobody else may frame it. */
export function createDashboardRoutes(): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const headers = secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], frameAncestors: ["'none'"], baseUri: ["'none'"] } })
  for (const [path, [file, type]] of Object.entries(FILES)) {
    app.get(path, headers, async (c) =>
      c.body(await readFile(new URL(`../dashboard/${file}`, import.meta.url), 'utf8'), 200, { 'Content-Type': type }),
    )
  }
  return app
}
