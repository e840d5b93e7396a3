import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createScheduler, memoryStore, type Run } from '@quarterjack/core'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'
import { defineFeedbackJob } from '../src/feedback-job.ts'
import { poll } from './support/poll.ts'

const SUMMARY = { status: 'ok', modelVersion: 1, events: 3, newEvents: 3, weights: 2, changed: 2, note: 'kept' }
const KEY = 'the-key-of-the-api'
const cleanups: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  cleanups.push(async () => server.close().closeAllConnections())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/aggregate`
}

function answer(status: number, body = '', headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(status, headers).end(body)
}

/** The run of one call of an endpoint. */
async function runOf(listener: RequestListener): Promise<Run> {
  const config = readConfig({ BACKFILL_API_KEY: KEY, API_URL: await serve(listener), AGENT_FEEDBACK_RETRIES: '0' })
  const job = defineFeedbackJob({ config, log: { info() {}, warn() {}, error() {} } })
  const scheduler = createScheduler({ store: memoryStore(), jobs: [job], logger: false })
  cleanups.push(() => scheduler.stop())
  await scheduler.start()
  return poll('its end', async () => (await scheduler.runs.find({ state: ['succeeded', 'skipped', 'dead'] }))[0])
}

describe('the call', () => {
  it('posts with the key and the id of the run, and the summary is its result', async () => {
    let seen: unknown
    const run = await runOf((request, response) => {
      seen = [request.method, request.headers['x-api-key'], request.headers['idempotency-key'], request.headers['content-length']]
      response.end(JSON.stringify(SUMMARY))
    })
    expect(run).toMatchObject({ state: 'succeeded', result: SUMMARY })
    expect(seen).toEqual(['POST', KEY, run.id, '0'])
  })

  it('takes 204 for nothing to do', async () => {
    expect(await runOf(answer(204))).toMatchObject({ state: 'skipped', reason: 'handler: no feedback came since the last aggregation' })
  })

  it.each(['', '<html>Sign in</html>', '{"status":"ok"}', '[]'])('does not take %j for a summary', async (body) => {
    expect(await runOf(answer(200, body))).toMatchObject({ state: 'dead', error: { message: expect.stringContaining('does not fit') } })
  })

  it('does not follow a redirect with the key', async () => {
    let isReached = false
    const elsewhere = await serve((_request, response) => {
      isReached = true
      response.end()
    })
    expect(await runOf(answer(307, '', { location: elsewhere }))).toMatchObject({ state: 'dead' })
    expect(isReached).toBe(false)
  })

  it('tells nobody the key, not even when the endpoint gives it back', async () => {
    const run = await runOf((request, response) => void response.writeHead(401).end(`no such key: ${request.headers['x-api-key']}`))
    expect(run).toMatchObject({ state: 'dead', error: { message: expect.stringMatching(/answered 401 .*no such key/) } })
    expect(JSON.stringify(run)).not.toContain(KEY)
  })
})
