/** What the run of a rollup does to its windows, over the memory store. */
import { describe, expect, it } from 'vitest'
import { NonRetryableError } from '../../src/errors/run-errors.ts'
import { RetryAfterError } from '../../src/job/retry-after-error.ts'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import type { RefreshContext, RefreshRequest, Rollup, RollupOptions } from '../../src/rollup/rollup.ts'
import { createWorkshop, HOUR_MS, hour, MINUTE_MS, texts, type Workshop } from './workshop.ts'

/** A rollup that notes which windows it was given, call by call. */
function noting(over: Partial<RollupOptions> = {}, calls: string[][] = []): { readonly rollup: Rollup; readonly calls: string[][] } {
  const rollup = defineRollup({
    name: 'hourly',
    grain: 'hour',
    start: '2026-03-01',
    source: 'events',
    grace: '5m',
    retry: { retries: 2, minTimeout: '10s', randomize: false },
    refresh: ({ windows }) => void calls.push(texts(windows.map(({ start }) => start)) as string[]),
    ...over,
  })
  return { rollup, calls }
}

async function at(hours: number, minutes = 10): Promise<Workshop> {
  return createWorkshop(hour(hours) + minutes * MINUTE_MS)
}

describe('what falls due', () => {
  it('is refreshed once, the newest hours among the first, and the watermark moves over it', async () => {
    const shop = await at(3)
    const { rollup, calls } = noting()
    await shop.define(rollup)
    const end = await shop.run(rollup)
    expect(calls).toEqual([['2026-03-01T00:00', '2026-03-01T01:00', '2026-03-01T02:00']])
    expect(end.summary).toEqual({ refreshed: 3, failed: 0, suspect: 0, left: 0 })
    expect(end.nextAt).toBe(hour(4) + 5 * MINUTE_MS)
    expect((await shop.state(rollup)).record.watermark).toBe(hour(3))
    expect(await shop.records(rollup)).toEqual([])
    await shop.run(rollup)
    expect(calls).toHaveLength(1)
  })

  it('waits for its grace', async () => {
    const shop = await at(3, 4)
    const { rollup, calls } = noting()
    await shop.define(rollup)
    await shop.run(rollup)
    expect(calls.flat()).toEqual(['2026-03-01T00:00', '2026-03-01T01:00'])
    await shop.clock.advance(MINUTE_MS)
    await shop.run(rollup)
    expect(calls.flat()).toHaveLength(3)
  })

  it('after a long downtime is caught up in bounded batches, whatever the lookback', async () => {
    const shop = await at(24 * 60)
    const { rollup, calls } = noting({ batch: { start: 24, most: 100 } })
    await shop.define(rollup)
    const end = await shop.run(rollup)
    expect(end.summary).toMatchObject({ refreshed: 24 * 60, left: 0 })
    expect(calls.every((call) => call.length <= 100)).toBe(true)
    expect(new Set(calls.flat()).size).toBe(24 * 60)
    // The newest day first, then from the oldest on.
    expect(calls[0]?.[0]).toBe(texts([hour(24 * 59)])[0])
    expect(calls[1]?.[0]).toBe('2026-03-01T00:00')
    expect((await shop.state(rollup)).record.watermark).toBe(hour(24 * 60))
  })

  it('goes on in a successor when the budget is spent, without refreshing anything twice', async () => {
    const shop = await at(100)
    const calls: string[][] = []
    const { rollup } = noting(
      {
        batch: { start: 10, most: 10 },
        refresh: async ({ windows }) => {
          calls.push(texts(windows.map(({ start }) => start)) as string[])
          await shop.clock.advance('20s')
        },
      },
      calls,
    )
    await shop.define(rollup)
    const first = await shop.run(rollup)
    expect(first.summary.refreshed).toBeLessThan(100)
    expect(first.summary.left).toBeGreaterThan(0)
    expect(first.nextAt).toBe(shop.clock.now())
    for (let runs = 0; runs < 40 && (await shop.run(rollup)).summary.left > 0; runs++);
    expect(calls.flat()).toHaveLength(new Set(calls.flat()).size)
    expect(new Set(calls.flat()).size).toBe(100)
  })
})

describe('what changed', () => {
  it('is refreshed again, and what was empty under complete capture never is', async () => {
    const shop = await at(1_000)
    const { rollup, calls } = noting({ capture: 'complete', allowedLateness: '90d' })
    await shop.define(rollup)
    await shop.mark('events', [
      [hour(5), hour(5) + 1],
      [hour(900), hour(902)],
    ])
    // Not drained yet: the run drains before it calls anything empty.
    const end = await shop.run(rollup)
    expect(texts([hour(5), hour(900), hour(901)])).toEqual([...calls.flat()].sort())
    expect(end.summary).toMatchObject({ refreshed: 3, left: 0 })
    expect((await shop.state(rollup)).record.watermark).toBe(hour(1_000))
    await shop.mark('events', [[hour(5), hour(5) + 1]])
    await shop.drain()
    await shop.run(rollup)
    expect(calls.flat()).toHaveLength(4)
  })

  it('changed while it was refreshed, it stays dirty for the next run', async () => {
    const shop = await at(2)
    const calls: string[][] = []
    const { rollup } = noting(
      {
        refresh: async ({ windows }) => {
          calls.push(texts(windows.map(({ start }) => start)) as string[])
          if (calls.length > 1) return
          await shop.mark('events', [[hour(0), hour(0) + 1]])
          await shop.drain()
        },
      },
      calls,
    )
    await shop.define(rollup)
    await shop.run(rollup)
    expect(calls).toHaveLength(1)
    expect(await shop.waiting()).toEqual(['hourly'])
    expect((await shop.state(rollup)).counts.dirty).toBe(1)
    await shop.run(rollup)
    expect(calls[1]).toEqual(['2026-03-01T00:00'])
    expect((await shop.state(rollup)).counts.dirty).toBe(0)
  })

  it('is not refreshed before it is due, unless the rollup is live', async () => {
    for (const live of [false, true]) {
      const shop = await at(2, 30)
      const { rollup, calls } = noting({ live })
      await shop.define(rollup)
      await shop.run(rollup)
      await shop.mark('events', [[hour(2), hour(2) + 1]])
      await shop.drain()
      expect(await shop.waiting()).toEqual(live ? ['hourly'] : [])
      await shop.run(rollup)
      expect(calls.flat().includes('2026-03-01T02:00')).toBe(live)
      // Refreshed while it was open, it is refreshed once more when it is due.
      await shop.clock.advanceTo(hour(3) + 5 * MINUTE_MS)
      await shop.run(rollup)
      expect(calls.flat().filter((start) => start === '2026-03-01T02:00')).toHaveLength(live ? 2 : 1)
    }
  })

  it('past what the source keeps it is let go of, and its rows are left as they are', async () => {
    const shop = await at(48)
    const { rollup, calls } = noting({ retain: '1d' })
    await shop.define(rollup)
    await shop.run(rollup)
    expect(calls.flat()).toHaveLength(24 - 1)
    await shop.mark('events', [[hour(25), hour(25) + 1]])
    await shop.drain()
    await shop.clock.advance(2 * HOUR_MS)
    await shop.run(rollup)
    expect(calls.flat().filter((start) => start === texts([hour(25)])[0])).toHaveLength(1)
    expect((await shop.state(rollup)).counts.dirty).toBe(0)
  })
})

describe('sweeps', () => {
  it('look back, and refresh what is in sight of a live rollup', async () => {
    const shop = await at(5, 30)
    const { rollup, calls } = noting({ live: true, lookback: 2 })
    await shop.define(rollup)
    await shop.run(rollup, { trigger: 'schedule' })
    calls.length = 0
    await shop.run(rollup)
    expect(calls).toEqual([])
    await shop.run(rollup, { trigger: 'schedule' })
    expect(calls).toEqual([['2026-03-01T03:00', '2026-03-01T04:00', '2026-03-01T05:00']])
  })

  it('so does the run in which a window has fallen due', async () => {
    const shop = await at(5)
    const { rollup, calls } = noting({ lookback: 3 })
    await shop.define(rollup)
    await shop.run(rollup)
    calls.length = 0
    await shop.clock.advance(HOUR_MS)
    await shop.run(rollup)
    expect(calls).toEqual([['2026-03-01T03:00', '2026-03-01T04:00', '2026-03-01T05:00']])
  })

  it('try again what was given up', async () => {
    const shop = await at(3)
    let isBroken = true
    const { rollup } = noting({
      refresh: ({ windows }) => {
        if (isBroken && windows.some(({ start }) => start.getTime() === hour(1))) throw new NonRetryableError('bad hour')
      },
    })
    await shop.define(rollup)
    await shop.run(rollup)
    expect(await shop.state(rollup)).toMatchObject({ counts: { failed: 1 }, record: { watermark: hour(1) } })
    isBroken = false
    expect((await shop.run(rollup)).summary.refreshed).toBe(0)
    expect((await shop.run(rollup, { trigger: 'start' })).summary.refreshed).toBe(1)
    expect((await shop.state(rollup)).record.watermark).toBe(hour(3))
    // Behind the watermark, too.
    isBroken = true
    await shop.mark('events', [[hour(1), hour(1) + 1]])
    await shop.drain()
    await shop.run(rollup)
    isBroken = false
    expect((await shop.run(rollup)).summary.refreshed).toBe(0)
    expect((await shop.run(rollup, { trigger: 'manual' })).summary.refreshed).toBe(1)
    expect((await shop.state(rollup)).counts).toMatchObject({ failed: 0, dirty: 0 })
  })
})

describe('what fails', () => {
  it('fails alone, however large the batch; it is retried by itself, and given up in the end', async () => {
    const shop = await at(64)
    const calls: number[] = []
    const { rollup } = noting({
      batch: { start: 64 },
      refresh: ({ windows }) => {
        calls.push(windows.length)
        if (windows.some(({ start }) => start.getTime() === hour(37))) throw new Error('division by zero')
      },
    })
    await shop.define(rollup)
    const first = await shop.run(rollup)
    expect(first.summary).toEqual({ refreshed: 63, failed: 1, suspect: 0, left: 0 })
    expect(calls.length).toBeLessThanOrEqual(24)
    expect(first.nextAt).toBe(shop.clock.now() + 10_000)
    const [failed] = (await shop.records(rollup)).filter(({ error }) => error !== null)
    expect(failed).toMatchObject({ start: hour(37), attempts: 1, error: { message: 'division by zero' } })
    expect((await shop.run(rollup)).summary).toMatchObject({ refreshed: 0, failed: 0 })
    for (const waitMs of [10_000, 20_000]) {
      await shop.clock.advance(waitMs)
      expect((await shop.run(rollup)).summary).toMatchObject({ refreshed: 0, failed: 1 })
    }
    const [over] = (await shop.records(rollup)).filter(({ error }) => error !== null)
    expect(over).toMatchObject({ attempts: 3, retryAt: null })
    await shop.clock.advance('30m')
    expect((await shop.run(rollup)).summary).toMatchObject({ refreshed: 0, failed: 0 })
    // A new mark begins anew.
    await shop.mark('events', [[hour(37), hour(38)]])
    await shop.drain()
    expect((await shop.run(rollup)).summary.failed).toBe(1)
  })

  it('is given up at once where it says so, and put off where it asks for time', async () => {
    const shop = await at(2)
    const { rollup } = noting({
      refresh: () => {
        throw new RetryAfterError('rate limited', 90_000)
      },
    })
    await shop.define(rollup)
    const end = await shop.run(rollup)
    expect(end.nextAt).toBe(shop.clock.now() + 90_000)
    expect((await shop.records(rollup)).map(({ retryAt }) => retryAt)).toEqual([end.nextAt, end.nextAt])
  })

  it('altogether, it stops after few calls and leaves windows in peace', async () => {
    const shop = await at(2_000)
    let calls = 0
    const { rollup } = noting({
      refresh: () => {
        calls++
        throw new Error('the database is down')
      },
    })
    await shop.define(rollup)
    const end = await shop.run(rollup)
    expect(calls).toBeLessThan(150)
    expect(end.summary.left).toBeGreaterThan(0)
    expect(end.nextAt).toBeGreaterThan(shop.clock.now())
  })

  it.each([
    ['a window it was not given', () => ({ suspect: [{ start: new Date(0), reason: 'empty' }] }), /not the start of a window/],
    ['a number', () => 7, /Return nothing/],
    ['an unknown name', () => ({ suspects: [] }), /Did you mean "suspect"/],
  ])('an answer with %s is refused', async (_, refresh, message) => {
    const shop = await at(1)
    const { rollup } = noting({ refresh: refresh as RollupOptions['refresh'] })
    await shop.define(rollup)
    expect((await shop.run(rollup)).summary).toMatchObject({ refreshed: 0, failed: 1 })
    const [record] = await shop.records(rollup)
    expect(record?.error).toMatchObject({ code: 'RefreshResultInvalid', message: expect.stringMatching(message) })
  })

  it('with its timeout is aborted, and tried in halves', async () => {
    const shop = await at(4)
    const sizes: number[] = []
    const { rollup } = noting({
      timeout: '30s',
      refresh: async ({ windows }, { signal }) => {
        sizes.push(windows.length)
        if (windows.length < 3) return
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('cancelled'))))
      },
    })
    await shop.define(rollup)
    const end = await shop.clock.until(shop.run(rollup))
    expect(sizes).toEqual([4, 2, 2])
    expect(end.summary).toMatchObject({ refreshed: 4, failed: 0 })
  })

  it('is recorded once, where the answer is lost and it is told again', async () => {
    const shop = await at(3)
    const { rollup } = noting({
      refresh: ({ windows }) => {
        if (windows.some(({ start }) => start.getTime() === hour(1))) throw new Error('no')
      },
    })
    await shop.define(rollup)
    const call: typeof shop.deps.call = async (verb, run) => {
      if (verb === 'windows.fail') await run(shop.windows)
      return await run(shop.windows)
    }
    const end = await shop.run(rollup, { deps: { call } })
    expect(end.summary).toMatchObject({ refreshed: 2, failed: 1 })
    expect(await shop.records(rollup)).toMatchObject([{ start: hour(1), attempts: 1, runId: null }, { start: hour(2) }])
  })

  it('once the run is aborted nothing is recorded, and the windows are free', async () => {
    const shop = await at(4)
    const controller = new AbortController()
    const { rollup } = noting({
      refresh: () => {
        controller.abort(new Error('stopped'))
        throw new Error('half done')
      },
    })
    await shop.define(rollup)
    await expect(shop.run(rollup, { signal: controller.signal })).rejects.toThrow('stopped')
    expect((await shop.records(rollup)).every(({ error, runId }) => error === null && runId === null)).toBe(true)
  })
})

describe('together', () => {
  it('windows that others hold are left to them', async () => {
    const shop = await at(4)
    const { rollup, calls } = noting()
    await shop.define(rollup)
    const other = await shop.begin(rollup.name)
    const window = { start: hour(1), end: hour(2), dueAt: hour(2), when: 'any' as const }
    const held = { rollup: rollup.name, generation: (await shop.state(rollup)).record.generation, runId: other.runId, fence: other.fence }
    await shop.windows.claim({ claims: [{ ...held, windows: [window] }] })
    await shop.run(rollup)
    expect(calls.flat()).not.toContain('2026-03-01T01:00')
    expect((await shop.state(rollup)).record.watermark).toBe(hour(1))
    await shop.settle(other)
    await shop.run(rollup)
    expect((await shop.state(rollup)).record.watermark).toBe(hour(4))
  })

  it('of an older definition a run leaves everything to those that know the new one', async () => {
    const shop = await at(4)
    const { rollup, calls } = noting()
    const old = await shop.define(rollup)
    await shop.define(noting({ grace: '6m' }).rollup)
    const end = await shop.run(rollup, { generation: old })
    expect(end).toMatchObject({ isRedefined: true, nextAt: shop.clock.now() + 5_000 })
    expect(calls).toEqual([])
  })

  it('defined anew while it refreshes, what it did is not recorded', async () => {
    const shop = await at(4)
    const next = noting({ grace: '6m' }).rollup
    const { rollup } = noting({ refresh: async () => void (await shop.define(next)) })
    const old = await shop.define(rollup)
    expect(await shop.run(rollup, { generation: old })).toMatchObject({ isRedefined: true, summary: { refreshed: 0 } })
    expect((await shop.state(rollup)).record.watermark).toBe(hour(0))
  })

  it('parents follow their children, and never pass them', async () => {
    const shop = await createWorkshop(Date.UTC(2026, 2, 4, 0, 30))
    let broken: number | null = hour(30)
    const child = noting({
      refresh: ({ windows }) => {
        if (windows.some(({ start }) => start.getTime() === broken)) throw new Error('no')
      },
    }).rollup
    const days: string[] = []
    const parent = defineRollup({
      name: 'daily',
      grain: 'day',
      start: '2026-03-01',
      after: [child],
      refresh: ({ windows }) => void days.push(...texts(windows.map(({ start }) => start))),
    })
    for (const rollup of [child, parent]) await shop.define(rollup)
    await shop.run(parent)
    expect(days).toEqual([])
    await shop.run(child)
    await shop.drain()
    const waits = await shop.run(parent)
    expect(days).toEqual(['2026-03-01T00:00'])
    expect(waits.nextAt).toBe(shop.clock.now() + 30_000)
    broken = null
    await shop.clock.advance('10s')
    await shop.run(child)
    await shop.drain()
    await shop.run(parent)
    expect(days).toEqual(['2026-03-01T00:00', '2026-03-02T00:00', '2026-03-03T00:00'])
    expect((await shop.state(parent)).record.watermark).toBe(Date.UTC(2026, 2, 4))
    // What the child refreshes late, its parent follows.
    await shop.mark('events', [[hour(1), hour(1) + 1]])
    await shop.drain()
    await shop.run(child)
    await shop.drain()
    expect((await shop.state(parent)).dirty.map(({ start }) => start)).toEqual([hour(0)])
  })

  it('suspect windows count as refreshed, and leave parents alone', async () => {
    const shop = await at(2)
    const { rollup } = noting({ refresh: ({ windows }) => ({ suspect: [{ start: windows[0]?.start as Date, reason: 'no rows' }] }) })
    const parent = defineRollup({ name: 'two-hourly', grain: '2h', start: '2026-03-01', after: [rollup], refresh: () => undefined })
    for (const one of [rollup, parent]) await shop.define(one)
    expect((await shop.run(rollup)).summary).toEqual({ refreshed: 2, failed: 0, suspect: 1, left: 0 })
    const { sources } = await shop.windows.collect({ limit: 100 })
    expect(sources[0]?.marks.map(({ from, to }) => [from, to])).toEqual([[hour(1), hour(2)]])
    expect(await shop.state(rollup)).toMatchObject({ counts: { suspect: 1 }, record: { watermark: hour(2) } })
  })
})

describe('commitWith', () => {
  /** The memory store with transactions that hold nothing, and commit as the real ones do. */
  const transactional = (shop: Workshop): Workshop['deps'] => {
    const commitWith: NonNullable<Workshop['windows']['commitWith']> = async ({ work }) => {
      const { replies, storeNow } = await shop.windows.commit({ commits: [await work('tx')] })
      return { reply: replies[0] ?? { status: 'stale', watermark: null }, storeNow }
    }
    return { ...shop.deps, windows: { ...shop.windows, commitWith } }
  }
  type Body = (request: RefreshRequest, ctx: RefreshContext) => Promise<void>

  async function committing(refresh: Body): Promise<{ shop: Workshop; rollup: Rollup; run: () => ReturnType<Workshop['run']> }> {
    const shop = await at(3)
    const { rollup } = noting({ refresh })
    const parent = defineRollup({ name: 'daily', grain: 'day', start: '2026-03-01', after: [rollup], refresh: () => undefined })
    for (const one of [rollup, parent]) await shop.define(one)
    return { shop, rollup, run: () => shop.run(rollup, { deps: transactional(shop) }) }
  }

  it('records the refresh with its rows, and marks what changed alone', async () => {
    const { shop, run, rollup } = await committing(async ({ windows }, { commitWith }) => {
      await commitWith(async (tx) => {
        expect(tx).toBe('tx')
        return { changed: [windows[1]?.start as Date] }
      })
    })
    expect((await run()).summary).toMatchObject({ refreshed: 3 })
    expect(shop.verbs).not.toContain('windows.commit')
    const { sources } = await shop.windows.collect({ limit: 100 })
    expect(sources[0]?.marks.map(({ from, to }) => [from, to])).toEqual([[hour(1), hour(2)]])
    expect((await shop.state(rollup)).record.watermark).toBe(hour(3))
  })

  it('what throws after it is recorded all the same', async () => {
    const { run } = await committing(async (_, { commitWith }) => {
      await commitWith(async () => undefined)
      throw new Error('after all')
    })
    expect((await run()).summary).toEqual({ refreshed: 3, failed: 0, suspect: 0, left: 0 })
  })

  it('what its work throws is a failure of the refresh', async () => {
    const { run } = await committing(async (_, { commitWith }) => commitWith(() => Promise.reject(new Error('deadlock'))))
    expect((await run()).summary).toMatchObject({ refreshed: 0, failed: 3 })
  })

  it('is refused a second time, and on a store without transactions', async () => {
    const { run, shop, rollup } = await committing(async (_, { commitWith }) => {
      await commitWith(async () => undefined)
      await expect(commitWith(async () => undefined)).rejects.toMatchObject({ code: 'InvalidOption' })
    })
    await shop.run(rollup)
    expect((await shop.records(rollup))[0]?.error).toMatchObject({ code: 'TransactionsUnsupported' })
    await shop.clock.advance('10s')
    expect((await run()).summary).toMatchObject({ refreshed: 3 })
  })

  it('ends the run that lost its windows', async () => {
    const { run, shop, rollup } = await committing(async (_, { commitWith, ...ctx }) => {
      await commitWith(async () => void (await shop.settle(ctx)))
    })
    await expect(run()).rejects.toMatchObject({ code: 'StaleLease' })
    expect((await shop.state(rollup)).record.watermark).toBe(hour(0))
  })

  it('defined anew meanwhile, everything is rolled back and left', async () => {
    const { run, shop } = await committing(async (_, { commitWith }) => {
      await shop.define(noting({ grace: '7m' }).rollup)
      await commitWith(async () => undefined)
    })
    expect(await run()).toMatchObject({ isRedefined: true, summary: { refreshed: 0, failed: 0 } })
  })
})

describe('day by day', () => {
  it('late data older than is allowed is counted, not refreshed', async () => {
    const shop = await at(24 * 40)
    const { rollup, calls } = noting()
    await shop.define(rollup)
    await shop.run(rollup)
    calls.length = 0
    await shop.mark('events', [
      [hour(3), hour(3) + 1],
      [hour(24 * 39), hour(24 * 39) + 1],
    ])
    expect(await shop.drain()).toMatchObject({ digested: 2, more: false })
    await shop.run(rollup)
    expect(calls.flat()).toEqual(texts([hour(24 * 39)]))
    expect((await shop.state(rollup)).record.sealed).toMatchObject({ marks: 1, from: hour(3), to: hour(3) + 1 })
  })
})
