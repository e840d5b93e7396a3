/** The recipe of the docs for Next.js, in an application that Next has built and serves. */
import { expect, it } from 'vitest'
import { CRON, READ, WRITE } from '../support/handling.ts'
import { startNext } from '../support/next-app.ts'
import { over, worksThrough } from '../support/works-through.ts'

const BASE = '/api/quarterjack'

/** One scheduler for the process, though Next may load the module more than once. */
const SCHEDULER = `
import { createScheduler, defineJob, memoryStore } from '@quarterjack/core'
import * as z from 'zod'

const jobs = [
  defineJob({ name: 'plain', run: () => ({ done: true }) }),
  defineJob({ name: 'with-payload', payload: z.object({ days: z.number().int() }), run: ({ payload }) => ({ days: payload.days }) }),
]
const known = globalThis as { scheduler?: ReturnType<typeof createScheduler> }
export const scheduler = (known.scheduler ??= createScheduler({ store: memoryStore(), logger: false, jobs }))
`

const ROUTE = `
import { authorizeTokens, createHandler } from '@quarterjack/adapter-http'
import { scheduler } from '../../../../scheduler'

await scheduler.start()
const handler = createHandler(scheduler, {
  basePath: '${BASE}',
  authorize: authorizeTokens({ read: '${READ}', write: '${WRITE}' }),
  workers: { secrets: '${CRON}' },
  logger: false,
})
export { handler as GET, handler as POST, handler as PUT, handler as DELETE }
`

const INLINE = `
import { createHandler } from '@quarterjack/adapter-http'
import { createScheduler, defineJob, memoryStore } from '@quarterjack/core'

const scheduler = createScheduler({ store: memoryStore(), logger: false, jobs: [defineJob({ name: 'plain', run: () => ({ done: true }) })] })
const handler = createHandler(scheduler, {
  basePath: '/api/serverless',
  workers: { secrets: '${CRON}', inline: true, routes: { plain: { job: 'plain', result: true } } },
  logger: false,
})
export { handler as GET, handler as POST }
`

it('Next.js: route handlers beside a scheduler that stays, and on a host where no process stays', { timeout: 300_000 }, async () => {
  const { url } = await startNext({
    'scheduler.ts': SCHEDULER,
    'app/api/quarterjack/[...path]/route.ts': ROUTE,
    'app/api/serverless/[...path]/route.ts': INLINE,
  })
  expect(await worksThrough(over(url), BASE)).toBe(true)

  const call = (init: RequestInit): Promise<Response> => fetch(`${url}/api/serverless/workers/plain`, init)
  const worker = await call({ headers: { authorization: `Bearer ${CRON}` } })
  expect([worker.status, await worker.json()]).toMatchObject([200, { status: 'succeeded', result: { done: true } }])
  expect((await call({ headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  // What the route does not export, Next refuses itself.
  expect((await call({ method: 'DELETE', headers: { authorization: `Bearer ${CRON}` } })).status).toBe(405)
})
