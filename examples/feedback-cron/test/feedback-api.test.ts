import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type StartApiOptions, startApi } from '../src/api/start-api.ts'
import type { Listening } from '../src/listen.ts'

const KEY = 'api-test-key'
const BASE = '/api/v2/agent/feedback'
const running: Listening[] = []

async function start(
  options: Partial<StartApiOptions> = {},
): Promise<(path: string, init?: RequestInit & { key?: string | null; idempotencyKey?: string }) => Promise<Response>> {
  const api = await startApi({ apiKey: KEY, port: 0, ...options })
  running.push(api)
  return (path, { key = KEY, idempotencyKey, ...init } = {}) => {
    const headers = new Headers({ 'content-type': 'application/json' })
    if (key !== null) headers.set('x-api-key', key)
    if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
    return fetch(`${api.url}${path}`, { ...init, headers })
  }
}

function post(body: unknown): RequestInit {
  return { method: 'POST', body: JSON.stringify(body) }
}

function dismissals(count: number, prefix = 'new'): { events: unknown[] } {
  const event = {
    at: '2025-11-20T14:10:00Z',
    user: 'user-01',
    agent: 'thread-triage',
    action: 'archive',
    kind: 'thread',
    verdict: 'undone',
  }
  return { events: Array.from({ length: count }, (_, index) => ({ ...event, id: `${prefix}-${index}` })) }
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()))
})

describe('the key', () => {
  it.each([
    ['POST', `${BASE}/aggregate`],
    ['POST', `${BASE}/events`],
    ['GET', `${BASE}/weights`],
    ['POST', '/api/admin/faults'],
  ])('%s %s needs it', async (method, path) => {
    const call = await start()
    for (const key of [null, '', 'wrong', `${KEY}x`, KEY.slice(0, -1)]) {
      expect((await call(path, { method, key })).status).toBe(401)
    }
    expect((await call(path, { method })).status).not.toBe(401)
  })

  it('is not needed to ask whether the API is up', async () => {
    const call = await start()
    const response = await call('/api/healthz', { key: null })
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })
})

describe('aggregation', () => {
  it('turns the shipped events into weights, and has nothing to do the second time', async () => {
    const call = await start()
    const first = await call(`${BASE}/aggregate`, { method: 'POST' })
    expect(await first.json()).toMatchObject({ status: 'ok', modelVersion: 1, events: 420, newEvents: 420, weights: 17, changed: 17 })
    expect((await call(`${BASE}/aggregate`, { method: 'POST' })).status).toBe(204)
  })

  it('gives a caller that lost its answer the same one again', async () => {
    const call = await start()
    const ask = async (idempotencyKey: string): Promise<unknown> => {
      const response = await call(`${BASE}/aggregate`, { method: 'POST', idempotencyKey })
      return response.status === 204 ? null : response.json()
    }
    const first = await ask('run-1')
    expect(await ask('run-1')).toEqual(first)
    expect(await ask('run-2')).toBeNull()
    await call(`${BASE}/events`, post(dismissals(1)))
    expect(await ask('run-2')).toMatchObject({ modelVersion: 2 })
  })

  it('moves a weight when users change their minds', async () => {
    const call = await start()
    const weightOf = async (): Promise<number> => {
      const { weights } = (await (await call(`${BASE}/weights`)).json()) as { weights: { action: string; weight: number }[] }
      return weights.find(({ action }) => action === 'archive')?.weight ?? Number.NaN
    }
    await call(`${BASE}/aggregate`, { method: 'POST' })
    const before = await weightOf()
    expect(await (await call(`${BASE}/events`, post(dismissals(12)))).json()).toEqual({ accepted: 12, duplicates: 0 })
    expect(await weightOf()).toBe(before)

    const summary = await (await call(`${BASE}/aggregate`, { method: 'POST' })).json()
    expect(await weightOf()).toBeLessThan(before - 0.1)
    expect(summary).toMatchObject({
      modelVersion: 2,
      newEvents: 12,
      largestChange: { agent: 'thread-triage', action: 'archive', from: before },
    })
  })

  it('refuses events that are none, too many, or from the future', async () => {
    const call = await start()
    const [event] = dismissals(1).events as [Record<string, unknown>]
    for (const bad of [
      { ...event, verdict: 'accepted' },
      { ...event, at: 'yesterday' },
      { ...event, at: '2999-01-01T00:00:00Z' },
      { ...event, extra: 1 },
    ]) {
      expect((await call(`${BASE}/events`, post({ events: [bad] }))).status).toBe(400)
    }
    expect((await call(`${BASE}/events`, { method: 'POST', body: '{' })).status).toBe(400)
    expect((await call(`${BASE}/events`, post(dismissals(501)))).status).toBe(400)
    expect((await call(`${BASE}/events`, post({ events: 'x'.repeat(300_000) }))).status).toBe(413)
  })

  it('keeps appended events in the journal over a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'feedback-'))
    try {
      const journal = join(folder, 'events.jsonl')
      const call = await start({ journal })
      await call(`${BASE}/events`, post(dismissals(3)))
      expect((await readFile(journal, 'utf8')).trim().split('\n')).toHaveLength(3)
      const again = await start({ journal })
      expect(await (await again(`${BASE}/aggregate`, { method: 'POST' })).json()).toMatchObject({ events: 423 })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('faults', () => {
  it('fails as often as it was told to, then works', async () => {
    const call = await start()
    expect(await (await call('/api/admin/faults', post({ kind: 'fail', times: 2, status: 500, retryAfter: 7 }))).json()).toEqual({
      pending: 2,
    })
    const answers = []
    for (let index = 0; index < 3; index += 1) {
      const response = await call(`${BASE}/aggregate`, { method: 'POST' })
      answers.push([response.status, response.headers.get('retry-after')])
    }
    expect(answers).toEqual([
      [500, '7'],
      [500, '7'],
      [200, null],
    ])
  })

  it('hangs until the caller gives up, and not longer', async () => {
    const call = await start({ faults: [{ kind: 'hang', times: 1 }] })
    await expect(call(`${BASE}/aggregate`, { method: 'POST', signal: AbortSignal.timeout(150) })).rejects.toThrow(/timeout/i)
    expect((await call(`${BASE}/aggregate`, { method: 'POST' })).status).toBe(200)
  })

  it('refuses a fault that it does not know', async () => {
    const call = await start()
    expect((await call('/api/admin/faults', post({ kind: 'explode' }))).status).toBe(400)
  })
})
