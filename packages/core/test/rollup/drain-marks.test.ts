/** One pass over the log of marks, over the memory store. */
import { describe, expect, it } from 'vitest'
import { defineRollup } from '../../src/scheduler/define-rollup.ts'
import { drainMarks } from '../../src/rollup/drain-marks.ts'
import { createWorkshop, hour, MINUTE_MS } from './workshop.ts'

const rollup = defineRollup({ name: 'hourly', grain: 'hour', start: '2026-03-01', source: 'events', refresh: () => undefined })

describe('drainMarks', () => {
  it('digests what is there, asks for one debounced run, and tells when to come back', async () => {
    const shop = await createWorkshop(hour(5) + 10 * MINUTE_MS)
    await shop.define(rollup)
    await shop.run(rollup)
    await shop.mark('events', [
      [hour(1), hour(1) + 1],
      [hour(3), hour(4)],
      [hour(9), hour(9) + 1],
    ])
    await shop.mark('nobody', [[hour(1), hour(2)]])
    const pass = await shop.drain()
    expect(pass).toMatchObject({ digested: 2, more: false, left: 0, unreadable: [], nextMarkAt: hour(9), storeNow: shop.clock.now() })
    expect(await shop.waiting()).toEqual(['hourly'])
    expect((await shop.state(rollup)).dirty.map(({ start }) => start)).toEqual([hour(1), hour(3)])
    await shop.clock.advance('1s')
    await shop.mark('events', [[hour(2), hour(3)]])
    await shop.drain()
    expect(await shop.waiting()).toEqual(['hourly'])
    expect(await shop.drain()).toMatchObject({ digested: 0, more: false })
    await shop.clock.advanceTo(hour(9))
    expect(await shop.drain()).toMatchObject({ digested: 1 })
  })

  it('says that there is more where its limit cut, or others drained meanwhile', async () => {
    const shop = await createWorkshop(hour(5))
    await shop.define(rollup)
    await shop.mark(
      'events',
      [0, 1, 2].map((count) => [hour(count), hour(count) + 1] as const),
    )
    expect(await drainMarks(shop.deps, { limit: 2 })).toMatchObject({ digested: 2, more: true })
    let isFirst = true
    const call: typeof shop.deps.call = async (verb, run) => {
      // Another node drains between the look and the write.
      if (verb === 'windows.drain' && isFirst) {
        isFirst = false
        await drainMarks(shop.deps)
      }
      return await shop.deps.call(verb, run)
    }
    expect(await drainMarks({ ...shop.deps, call })).toMatchObject({ digested: 0, more: true })
    expect(await drainMarks({ ...shop.deps, call })).toMatchObject({ digested: 0, more: false })
  })

  it('leaves marks that wait for a newer version where they are, and says so', async () => {
    const shop = await createWorkshop(hour(5))
    await shop.define(rollup)
    const newer = {
      rollup: 'newer',
      hash: 'n',
      expectedGeneration: 0,
      sources: ['events'],
      edges: 'fortnight UTC',
      policy: '[]',
      startAt: hour(0),
    }
    await shop.windows.define({ rollups: [newer] })
    await shop.mark('events', [[hour(1), hour(2)]])
    for (let pass = 0; pass < 2; pass++) {
      expect(await shop.drain()).toMatchObject({ digested: 0, more: false, unreadable: [{ source: 'events', rollup: 'newer' }] })
    }
    await shop.windows.forget({ rollups: ['newer'] })
    expect(await shop.drain()).toMatchObject({ digested: 1, unreadable: [] })
  })

  it('ten thousand marks of one hour are a handful of calls and one run', async () => {
    const shop = await createWorkshop(hour(5))
    await shop.define(rollup)
    await shop.mark(
      'events',
      Array.from({ length: 10_000 }, (_, index) => [hour(1) + index, hour(1) + index + 1] as const),
    )
    shop.verbs.length = 0
    let digested = 0
    for (let more = true; more; ) {
      const pass = await shop.drain()
      digested += pass.digested
      more = pass.more
    }
    expect(digested).toBe(10_000)
    expect(shop.verbs.length).toBeLessThanOrEqual(12)
    expect(await shop.waiting()).toEqual(['hourly'])
    expect((await shop.state(rollup)).counts.dirty).toBe(1)
  })
})
