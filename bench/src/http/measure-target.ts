/** What one call of `httpTarget` takes, beside a bare `fetch` and a bare request of `node:http`, in turns. */
import { Agent, request } from 'node:http'
import { httpTarget } from '@quarterjack/adapter-http'
import type { RunContext } from '@quarterjack/core'
import { quantile, type Sample } from '../figure.ts'
import { startChild } from './child.ts'

export async function measureTarget(calls: number): Promise<Sample> {
  const { line, child } = await startChild('echo-server.ts')
  const url = `http://127.0.0.1:${line}/`
  const agent = new Agent({ keepAlive: true })
  const target = httpTarget({ url, agent, auth: { bearer: () => 'a-token-of-some-length' } })
  const ways = {
    target: () => target(contextOf()),
    fetch: () => fetch(url, { method: 'POST', headers: HEADERS, body: BODY }).then((response) => response.json()),
    http: () => post(url, agent),
  }
  const took: Record<keyof typeof ways, number[]> = { target: [], fetch: [], http: [] }
  for (let round = -200; round < calls; round++) {
    for (const name of ['target', 'fetch', 'http'] as const) {
      const startedAt = performance.now()
      await ways[name]()
      // The first ones warm up.
      if (round >= 0) took[name].push(performance.now() - startedAt)
    }
  }
  child.kill()
  const [targetMs, fetchMs, httpMs] = [median(took.target), median(took.fetch), median(took.http)]
  return { targetMs, fetchMs, bareHttpMs: httpMs, overheadMs: targetMs - fetchMs, overheadOverHttpMs: targetMs - httpMs }
}

const BODY = '{"days":7}'
const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer a-token-of-some-length' }

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function post(url: string, agent: Agent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers: { ...HEADERS, 'content-length': BODY.length }, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(JSON.parse(text)))
    })
    call.on('error', reject)
    call.end(BODY)
  })
}

function unreachable(): never {
  throw new Error('There is no scheduler.')
}

function contextOf(): RunContext {
  const id = '0198c0de-0000-7000-8000-00000000cafe'
  const quiet = (): void => undefined
  return {
    payload: { days: 7 },
    signal: new AbortController().signal,
    runId: id,
    job: 'call',
    key: '',
    attempt: 1,
    maxAttempts: 1,
    slot: null,
    trigger: 'manual',
    fence: 1,
    idempotencyKey: id,
    trace: null,
    scheduler: { trigger: unreachable, triggerMany: unreachable },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    progress: quiet,
    skip: (reason) => {
      throw new Error(reason)
    },
  }
}
