/** Rollups over HTTP: how fresh they are, marks, sweeps. */
import { describe, expect, it } from 'vitest'
import { createHandler } from '../../src/index.ts'
import { READ, WRITE } from '../support/handling.ts'
import { hourly, rolling } from '../support/rollups.ts'

const hour = (text: string): string => `2026-03-01T${text}:00.000Z`

describe('rollups', () => {
  it('are listed and shown with how fresh they are, and what they were defined as', async () => {
    const { read } = await rolling()
    const shown = {
      rollup: 'hourly',
      status: 'ok',
      freshness: 'ok',
      watermark: hour('03:00'),
      lagMs: 0,
      dirty: 0,
      policy: { grain: 'hour', timeZone: 'UTC', start: hour('00:00'), sources: expect.arrayContaining(['calls', 'hourly']), live: false },
    }
    expect((await read('/rollups')).json).toMatchObject({ rollups: [shown] })
    expect((await read('/rollups/hourly')).json).toMatchObject(shown)
    expect(await read('/rollups/nope')).toMatchObject({ status: 404, json: { code: 'UnknownRollup' } })
    expect((await read('/rollups/hourly?x=1')).status).toBe(400)
  })

  it('are marked by whoever may write, and refreshed once for all marks', async () => {
    const calls: string[][] = []
    const rollup = hourly({ refresh: ({ windows }) => void calls.push(windows.map(({ start }) => start.toISOString())) })
    const { post, read, manual } = await rolling([rollup])
    calls.length = 0
    expect(await post('/rollups/hourly/mark', { when: hour('01:10') })).toMatchObject({ status: 202, json: { marks: 1 } })
    const range = { from: hour('01:30'), to: Date.parse(hour('02:01')) }
    expect(await post('/rollups/hourly/mark', { when: [range, hour('01:20')], kind: 'added' })).toMatchObject({
      status: 202,
      json: { marks: 2 },
    })
    await manual.advance('1s')
    expect(calls).toEqual([])
    expect((await read('/rollups/hourly/windows')).json).toMatchObject({
      windows: [{ start: hour('01:00'), end: hour('02:00'), dirtySince: expect.any(String), error: null }, { start: hour('02:00') }],
    })
    expect((await read(`/rollups/hourly/windows?from=${hour('02:00')}`)).json.windows).toHaveLength(1)
    expect((await read(`/rollups/hourly/windows?to=${hour('02:00')}&limit=5`)).json.windows).toHaveLength(1)
    await manual.advance('10s')
    expect(calls.flat().sort()).toEqual([hour('01:00'), hour('02:00')])
    expect((await read('/rollups/hourly/windows')).json).toEqual({ windows: [] })
  })

  it('are marked by a source that they read, all of them at once', async () => {
    const { post, read, manual } = await rolling([hourly(), hourly({ name: 'other' }), hourly({ name: 'apart', source: 'visits' })])
    expect(await post('/mark', { source: 'calls', when: hour('01:10') })).toMatchObject({ status: 202, json: { marks: 1 } })
    await manual.advance('1s')
    const dirty = ((await read('/rollups')).json.rollups as { rollup: string; dirty: number }[]).map((one) => [one.rollup, one.dirty])
    expect(dirty).toEqual([
      ['hourly', 1],
      ['other', 1],
      ['apart', 0],
    ])
    expect(await post('/mark', { source: 'nope', when: hour('01:10') })).toMatchObject({ status: 404, json: { code: 'UnknownRollup' } })
    expect((await post('/mark', { when: hour('01:10') })).status).toBe(422)
  })

  it('refuse marks of what is neither an instant nor a range', async () => {
    const { post, read, manual } = await rolling()
    for (const body of [
      {},
      { when: [] },
      { when: 'last week' },
      { when: '2026-03-01T01:00:00' },
      { when: { from: hour('02:00'), to: hour('01:00') } },
      { when: { from: hour('02:00') } },
      { when: hour('01:00'), kind: 'gone' },
      { when: Array.from({ length: 10_001 }, (_, index) => index) },
      { when: hour('01:00'), tx: {} },
    ])
      expect([JSON.stringify(body).slice(0, 80), (await post('/rollups/hourly/mark', body)).status]).toEqual([expect.any(String), 422])
    expect((await post('/rollups/nope/mark', { when: hour('01:00') })).json).toMatchObject({ status: 404, code: 'UnknownRollup' })
    await manual.advance('2s')
    expect((await read('/rollups/hourly')).json.dirty).toBe(0)
  })

  it('show windows that failed, without stacks', async () => {
    const rollup = hourly({
      retry: { retries: 0 },
      refresh: ({ windows }) => {
        if (windows.some(({ start }) => start.toISOString() === hour('01:00'))) throw new Error('bad row')
      },
    })
    const { read } = await rolling([rollup])
    const { json, text } = await read('/rollups/hourly/windows')
    expect(json).toMatchObject({
      windows: [{ start: hour('01:00'), attempts: expect.any(Number), error: { name: 'Error', message: 'bad row' } }],
    })
    expect(text).not.toContain('    at ')
    expect((await read('/rollups/hourly')).json).toMatchObject({ status: 'degraded', freshness: 'late', failed: 1 })
  })

  it('are swept by a trigger and by an external cron, as a job of their name', async () => {
    const { post, ask, manual } = await rolling()
    const waiting = post('/jobs/hourly/trigger?wait=30s', {})
    await expect.poll(() => manual.clock.nextTimerAt).not.toBe(null)
    await manual.advance('1s')
    expect(await waiting).toMatchObject({
      status: 200,
      json: { run: { job: 'hourly', state: 'succeeded', result: { failed: 0, left: 0 } } },
    })
    expect((await post('/jobs/hourly/trigger', { payload: { from: 1 } })).status).toBe(422)
    const called = ask('/workers/hourly', { token: 'dev-admin-secret' })
    await manual.advance('1s')
    expect(await called).toMatchObject({ status: 200, json: { status: 'succeeded', job: 'hourly' } })
    expect((await post('/jobs/hourly/suspend', { reason: 'for now' })).json).toEqual({ changed: true })
  })

  it('are jobs for whoever is asked for permission', async () => {
    const { scheduler } = await rolling()
    const asked: unknown[] = []
    const handler = createHandler(scheduler, { logger: false, authorize: (_, wanted) => asked.push(wanted) < 0 })
    for (const path of ['/rollups/hourly', '/rollups/hourly/backfills', '/rollups', '/backfills/x'])
      expect((await handler(new Request(`http://localhost${path}`))).status).toBe(403)
    expect(asked).toMatchObject([
      { permission: 'read', operation: 'getRollup', job: 'hourly' },
      { operation: 'listBackfillsOfRollup', job: 'hourly' },
      { operation: 'listRollups', job: null },
      { operation: 'getBackfill', job: null },
    ])
  })

  it('are neither marked nor filled by whoever may only read', async () => {
    const { ask, read } = await rolling()
    const headers = { 'content-type': 'application/json' }
    for (const [path, body] of [
      ['/rollups/hourly/mark', { when: hour('01:00') }],
      ['/mark', { source: 'calls', when: hour('01:00') }],
      ['/rollups/hourly/backfills', { last: '1h' }],
      ['/rollups/hourly/verify', { from: hour('00:00'), to: hour('03:00') }],
      ['/backfills/x/pause', {}],
      ['/backfills/x/resume', {}],
      ['/backfills/x/cancel', {}],
    ] as const) {
      for (const token of [READ, `${WRITE}x`])
        expect([path, (await ask(path, { method: 'POST', token, headers, body })).status]).toEqual([path, 403])
    }
    expect((await read('/backfills')).json).toEqual({ backfills: [] })
  })
})
