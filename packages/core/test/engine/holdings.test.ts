import { describe, expect, it } from 'vitest'
import { createHoldings } from '../../src/engine/holdings.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

describe('holdings', () => {
  it('hold nothing ready while nobody knows how long handlers take', () => {
    const holdings = createHoldings(20)
    expect(holdings.reserve(500)).toMatchObject({ limit: 20, start: 20 })
  })

  it('hold ready what will start within a tenth of a second', () => {
    const holdings = createHoldings(20)
    holdings.observe(20)
    expect(holdings.reserve(500)).toMatchObject({ limit: 120, start: 20 })
  })

  it('count reservations that are still open', () => {
    const holdings = createHoldings(20)
    const first = holdings.reserve(15)
    expect(holdings.claiming).toBe(true)
    expect(holdings.reserve(15)).toMatchObject({ limit: 5, start: 5 })
    first.close()
    first.close()
    expect(holdings.room).toBe(15)
  })

  it('never exceed a quota', () => {
    const holdings = createHoldings(20)
    holdings.limitTo(3)
    expect(holdings.reserve(10).limit).toBe(3)
    holdings.spend(3)
    expect(holdings.room).toBe(0)
  })

  it('are waited for until they change, or for so long', async () => {
    const clock = fakeClock('2026-01-01T00:00:00Z')
    const holdings = createHoldings(20)
    const over: string[] = []
    void holdings.changeWithin(clock, 100).then(() => over.push('short'))
    void holdings.changeWithin(clock, 1_000).then(() => over.push('long'))
    await clock.advance(99)
    expect(over).toEqual([])
    await clock.advance(1)
    expect(over).toEqual(['short'])
    holdings.changed()
    await clock.settle()
    expect(over).toEqual(['short', 'long'])
  })
})
