/** Verification over HTTP: what differs, and what is refused. */
import type { Drift, RollupOptions, Verify } from '@quarterjack/core'
import { describe, expect, it } from 'vitest'
import { hourly, rolling } from '../support/rollups.ts'

const hour = (text: string): string => `2026-03-01T${text}:00.000Z`
const DAY = { from: hour('00:00'), to: hour('03:00') }

/** A refresh that can tell what should be there. */
const verifiable = (verify: Verify): RollupOptions['refresh'] => Object.assign(() => undefined, { verify })

const noDrift: Verify = async () => []

describe('POST /rollups/:rollup/verify', () => {
  it('recomputes clean windows of the range and tells what differs', async () => {
    const asked: string[][] = []
    const refresh = verifiable(async ({ windows }) => {
      asked.push(windows.map(({ start }) => start.toISOString()))
      return windows.slice(1, 2).map(({ start }): Drift => ({ window: start, key: 'project=7', expected: '{"calls":3}', found: null }))
    })
    const { post } = await rolling([hourly({ refresh })])
    expect(await post('/rollups/hourly/verify', DAY)).toMatchObject({
      status: 200,
      json: {
        rollup: 'hourly',
        checked: 3,
        leftOut: 0,
        drift: [{ window: hour('01:00'), key: 'project=7', expected: '{"calls":3}', found: null }],
        more: false,
      },
    })
    expect(asked).toEqual([[hour('00:00'), hour('01:00'), hour('02:00')]])
  })

  it('looks at a sample, and at days of the rollup’s zone', async () => {
    const { post } = await rolling([hourly({ refresh: verifiable(noDrift) })])
    expect((await post('/rollups/hourly/verify', { ...DAY, sample: 2 })).json).toMatchObject({ checked: 2 })
    expect((await post('/rollups/hourly/verify', { from: '2026-03-01', to: '2026-03-02' })).json).toMatchObject({ checked: 3 })
    expect((await post('/rollups/hourly/verify', { from: 0, to: Date.parse(hour('01:00')) })).json).toMatchObject({ checked: 1 })
  })

  it('leaves out windows that are dirty', async () => {
    const { post, manual } = await rolling([hourly({ refresh: verifiable(noDrift) })])
    await post('/rollups/hourly/mark', { when: hour('01:10') })
    await manual.advance('1s')
    expect((await post('/rollups/hourly/verify', DAY)).json).toMatchObject({ checked: 2, leftOut: 1 })
  })

  it.each([
    ['no range', {}],
    ['no end', { from: hour('00:00') }],
    ['a range that ends before it begins', { from: hour('03:00'), to: hour('00:00') }],
    ['an empty range', { from: hour('03:00'), to: hour('03:00') }],
    ['no instant', { from: 'last week', to: hour('03:00') }],
    ['an instant without a zone', { from: '2026-03-01T00:00:00', to: hour('03:00') }],
    ['too many windows', { from: hour('00:00'), to: '2036-03-01T00:00:00Z' }],
    ['no windows in the sample', { ...DAY, sample: 0 }],
    ['a large sample', { ...DAY, sample: 1_001 }],
    ['half a window', { ...DAY, sample: 1.5 }],
    ['a text as the sample', { ...DAY, sample: 'all' }],
    ['another member', { ...DAY, all: true }],
  ])('refuses %s', async (_, body) => {
    let calls = 0
    const refresh = verifiable(async () => {
      calls++
      return []
    })
    const { post } = await rolling([hourly({ refresh })])
    expect(await post('/rollups/hourly/verify', body)).toMatchObject({
      status: 422,
      json: { status: 422, code: expect.stringMatching(/^Invalid/), requestId: expect.any(String) },
    })
    expect(calls).toBe(0)
  })

  it('is 404 without the rollup, 409 where nothing can tell what should be there, 405 as a GET', async () => {
    const { post, read } = await rolling()
    expect(await post('/rollups/nope/verify', DAY)).toMatchObject({ status: 404, json: { code: 'UnknownRollup' } })
    expect(await post('/rollups/hourly/verify', DAY)).toMatchObject({ status: 409, json: { code: 'NotVerifiable' } })
    expect((await read('/rollups/hourly/verify')).status).toBe(405)
  })

  it('runs one at a time, also after one that failed', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Drift[]>()
    const { post } = await rolling([hourly({ refresh: verifiable(() => promise) })])
    const first = post('/rollups/hourly/verify', DAY)
    const second = await post('/rollups/hourly/verify', DAY)
    expect(second).toMatchObject({ status: 429, json: { code: 'TooManyRequests' } })
    expect(second.headers.get('retry-after')).toBe('5')
    reject(new Error('password=hunter2 does not fit'))
    resolve([])
    const failed = await first
    expect(failed.status).toBe(500)
    expect(failed.text).not.toContain('hunter2')
    expect((await post('/rollups/hourly/verify', DAY)).status).toBe(500)
  })
})
