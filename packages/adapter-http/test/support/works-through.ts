/** What must work wherever the handler stands. */
import { expect } from 'vitest'
import { CRON, READ, WRITE } from './handling.ts'

/** The handler's `basePath` in every framework. */
export const BASE = '/internal/jobs'

/** Sends requests to a handler that stands at `base` and has the sample jobs and tokens. */
export async function worksThrough(send: (path: string, init?: RequestInit) => Promise<Response>, base: string = BASE): Promise<true> {
  const json = { 'content-type': 'application/json' }
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
  expect(await (await send(`${base}/health`)).json()).toEqual({ status: 'ok' })
  expect((await send(`${base}/jobs`)).status).toBe(403)
  expect((await send(`${base}/jobs`, { headers: bearer(READ) })).status).toBe(200)
  expect((await send(`${base}/nope`)).status).toBe(404)
  const triggered = await send(`${base}/jobs/with-payload/trigger?wait=5s`, {
    method: 'POST',
    headers: { ...json, ...bearer(WRITE) },
    body: '{"payload":{"days":3}}',
  })
  expect([triggered.status, await triggered.json()]).toMatchObject([200, { run: { state: 'succeeded', result: { days: 3 } } }])
  const worker = await send(`${base}/workers/with-payload`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...bearer(CRON) },
    body: '{"days":4}',
  })
  expect([worker.status, await worker.json()]).toMatchObject([200, { status: 'succeeded' }])
  const schedule = `${base}/jobs/plain/schedules/${encodeURIComponent('a/b c')}`
  const put = await send(schedule, { method: 'PUT', headers: { ...json, ...bearer(WRITE) }, body: '{"every":"6h"}' })
  expect(await put.json()).toEqual({ outcome: 'created' })
  expect(await (await send(schedule, { headers: bearer(READ) })).json()).toMatchObject({ key: 'a/b c' })
  expect(await (await send(schedule, { method: 'DELETE', headers: bearer(WRITE) })).json()).toEqual({ removed: true })
  expect((await send(`${base}/live`, { method: 'HEAD' })).status).toBe(200)
  const tooLarge = await send(`${base}/jobs/plain/trigger`, {
    method: 'POST',
    headers: { ...json, ...bearer(WRITE) },
    body: ' '.repeat(600_000),
  })
  expect(tooLarge.status).toBe(413)
  return true
}

/** Calls over a real connection. */
export const over =
  (url: string) =>
  (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${url}${path}`, init)
