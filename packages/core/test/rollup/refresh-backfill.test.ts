/** Runs that work on a backfill, over the memory store: shared, resumed, put off, paused. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { progressOf } from '../../src/rollup/backfill-progress.ts'
import { backfillRequestOf, planBackfill } from '../../src/rollup/plan-backfill.ts'
import type { BackfillOptions } from '../../src/rollup/backfill-options.ts'
import type { Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { createWorkshop, hour, MINUTE_MS, texts, type Workshop } from './workshop.ts'

const HOURS = 24 * 60

interface Site {
  readonly shop: Workshop
  readonly rollup: Rollup
  readonly calls: string[][]
  create(id: string, options: BackfillOptions): Promise<void>
}

/** Sixty days of hours that were refreshed once. */
async function site(over: Partial<RollupOptions> = {}): Promise<Site> {
  const shop = await createWorkshop(hour(HOURS) + 10 * MINUTE_MS)
  const calls: string[][] = []
  let isFirst = true
  const refresh: RollupOptions['refresh'] = (request, ctx) => {
    if (isFirst) return
    calls.push(texts(request.windows.map(({ start }) => start)) as string[])
    return over.refresh?.(request, ctx)
  }
  const retry = { retries: 1, minTimeout: '10s', randomize: false } as const
  const rollup = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', grace: '5m', retry, ...over, refresh })
  const generation = await shop.define(rollup)
  await shop.run(rollup)
  isFirst = false
  return {
    shop,
    rollup,
    calls,
    async create(id, options) {
      const plan = planBackfill(rollup.policy, options, shop.clock.now())
      const { replies } = await shop.windows.backfills.create({
        backfills: [backfillRequestOf(plan, { id, generation, nextId: shop.deps.nextId })],
      })
      expect(replies).toEqual([{ status: 'created', id }])
    },
  }
}

async function recordOf(
  { shop }: Site,
  id = 'b',
): Promise<NonNullable<Awaited<ReturnType<Workshop['windows']['backfills']['get']>>['backfills'][number]>> {
  const record = (await shop.windows.backfills.get({ ids: [id] })).backfills[0] ?? null
  if (record === null) expect.fail(`backfill ${id} is unknown`)
  return record
}

describe('refreshBackfill', () => {
  it('refreshes the range, newest first, and leaves the watermark where it is', async () => {
    const here = await site()
    await here.create('b', { last: '30d', concurrency: 2 })
    expect(await here.shop.waiting()).toEqual(['hourly#backfill', 'hourly#backfill'])
    const seen: unknown[] = []
    const end = await here.shop.runBackfill(here.rollup, 'b', { onProgress: (value) => seen.push(value) })
    expect(end.summary).toEqual({ refreshed: 720, failed: 0, suspect: 0, left: 0 })
    expect(end.nextAt).toBeNull()
    expect(await recordOf(here)).toMatchObject({ state: 'finished', done: 720, failed: 0, stamped: 720, windows: 720 })
    expect(here.calls[0]?.at(-1)).toBe(texts([hour(HOURS - 1)])[0])
    expect(here.calls.flat()).toHaveLength(new Set(here.calls.flat()).size)
    expect(seen.at(-2)).toMatchObject({ backfill: 'b', share: expect.any(Number), perSecond: null })
    expect((await here.shop.state(here.rollup)).record.watermark).toBe(hour(HOURS))
    expect(await here.shop.records(here.rollup)).toEqual([])
  })

  it('goes on after its budget, and after runs that ended anywhere, without doing a window twice', async () => {
    const crash = new AbortController()
    const here: Site = await site({
      batch: { start: 50, most: 50, target: '1h' },
      refresh: async () => {
        await here.shop.clock.advance('15s')
        if (crash.signal.aborted) return
        crash.abort(new Error('crash'))
        throw new Error('half done')
      },
    })
    await here.create('b', { last: '30d', order: 'oldest' })
    await expect(here.shop.runBackfill(here.rollup, 'b', { signal: crash.signal })).rejects.toThrow('crash')
    expect(here.calls.splice(0)).toHaveLength(1)
    let end = await here.shop.runBackfill(here.rollup, 'b')
    expect(end).toMatchObject({ nextAt: here.shop.clock.now(), summary: { left: 300 } })
    for (let runs = 0; runs < 20 && end.nextAt !== null; runs++) end = await here.shop.runBackfill(here.rollup, 'b')
    expect(await recordOf(here)).toMatchObject({ state: 'finished', done: 720 })
    expect(here.calls.flat()).toHaveLength(720)
    expect(here.calls[0]?.[0]).toBe(texts([hour(HOURS - 720)])[0])
  })

  it('a bad window fails alone, is tried again, and counts as failed in the end', async () => {
    const bad = hour(HOURS - 100)
    const here = await site({
      refresh: ({ windows }) => {
        if (windows.some(({ start }) => start.getTime() === bad)) throw new Error('bad hour')
      },
    })
    await here.create('b', { last: '10d' })
    const first = await here.shop.runBackfill(here.rollup, 'b')
    expect(first).toMatchObject({ nextAt: here.shop.clock.now() + 10_000, summary: { refreshed: 239, failed: 1, left: 1 } })
    await here.shop.clock.advance('10s')
    const second = await here.shop.runBackfill(here.rollup, 'b')
    expect(second).toMatchObject({ nextAt: null, summary: { refreshed: 0, failed: 1 } })
    expect(await recordOf(here)).toMatchObject({ state: 'finished', done: 239, failed: 1 })
    // What it could not refresh is what the next one selects.
    expect((await here.shop.state(here.rollup)).counts.failed).toBe(1)
    await here.create('c', { select: 'failed' })
    await here.shop.runBackfill(here.rollup, 'c')
    expect(await recordOf(here, 'c')).toMatchObject({ stamped: 1, windows: HOURS })
  })

  it('selects what was never refreshed, or is dirty', async () => {
    const here = await site({ source: 'events' })
    await here.shop.mark('events', [[hour(HOURS - 5), hour(HOURS - 3)]])
    await here.shop.drain()
    await here.create('b', { select: 'dirty' })
    await here.shop.runBackfill(here.rollup, 'b')
    expect(here.calls.flat()).toEqual(texts([hour(HOURS - 5), hour(HOURS - 4)]))
    here.calls.length = 0
    await here.shop.clock.advance('3h')
    await here.create('c', { select: 'missing' })
    await here.shop.runBackfill(here.rollup, 'c')
    expect(here.calls.flat()).toEqual(texts([hour(HOURS), hour(HOURS + 1), hour(HOURS + 2)]))
    expect((await here.shop.state(here.rollup)).record.watermark).toBe(hour(HOURS + 3))
  })

  it('stops at once where it was paused or cancelled, and is nothing for one that is unknown', async () => {
    const here = await site({ batch: { start: 10, most: 10 } })
    await here.create('b', { last: '10d' })
    for (const action of ['pause', 'cancel'] as const) {
      await here.shop.windows.backfills.control({ controls: [{ id: 'b', action, reason: 'later', enqueue: [] }] })
      expect(await here.shop.runBackfill(here.rollup, 'b')).toMatchObject({ nextAt: null, summary: { refreshed: 0 } })
    }
    expect(await here.shop.runBackfill(here.rollup, 'x')).toMatchObject({ nextAt: null, backfill: null })
    expect(here.calls).toEqual([])
  })

  it('is left to those that know the new definition', async () => {
    const here = await site()
    await here.create('b', { last: '10d' })
    const old = (await here.shop.state(here.rollup)).record.generation
    await here.shop.define(defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', grace: '6m', refresh: () => undefined }))
    const end = await here.shop.runBackfill(here.rollup, 'b', { generation: old })
    expect(end).toMatchObject({ isRedefined: true, summary: { refreshed: 0 } })
    expect(end.nextAt).not.toBeNull()
  })

  it('is shared: what another run holds is left to it', async () => {
    const here = await site({ batch: { start: 10, most: 10 } })
    await here.create('b', { last: '2d', concurrency: 2 })
    const other = await here.shop.begin('hourly#backfill')
    const { generation } = (await here.shop.state(here.rollup)).record
    await here.shop.windows.backfills.stamp({
      stamps: [{ id: 'b', expected: hour(HOURS), cursor: hour(HOURS - 1), windows: [{ start: hour(HOURS - 1), end: hour(HOURS) }] }],
    })
    const bid = { start: hour(HOURS - 1), end: hour(HOURS), dueAt: hour(HOURS), when: 'stamped' as const }
    await here.shop.windows.claim({ claims: [{ rollup: 'hourly', generation, runId: other.runId, fence: other.fence, windows: [bid] }] })
    const end = await here.shop.runBackfill(here.rollup, 'b')
    expect(end).toMatchObject({ nextAt: here.shop.clock.now() + 5_000, summary: { refreshed: 47, left: 1 } })
    await here.shop.settle(other)
    expect(await here.shop.runBackfill(here.rollup, 'b')).toMatchObject({ nextAt: null, summary: { refreshed: 1 } })
    const record = await recordOf(here)
    expect(record).toMatchObject({ state: 'finished', done: 48 })
    expect(progressOf(record, here.shop.clock.now())).toMatchObject({ share: 1, total: 48, isEstimated: false, remainingMs: 0 })
  })
})
