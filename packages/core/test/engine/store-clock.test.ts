import { describe, expect, it } from 'vitest'
import { createStoreClock } from '../../src/engine/store-clock.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

describe('the store clock', () => {
  it('estimates from the middle of the round trip, and runs on monotonic time', async () => {
    const clock = fakeClock(0)
    const storeClock = createStoreClock(clock)
    await clock.advance(100)
    storeClock.observe(0, 100, 10_000_050)
    expect(storeClock.now()).toBe(10_000_100)
    expect(storeClock.offsetMs()).toBe(10_000_000)
    await clock.advance(900)
    clock.jump(-3_600_000)
    expect(storeClock.now()).toBe(10_001_000)
    expect(storeClock.monotonicOf(10_002_000)).toBe(2_000)
    expect(storeClock.lastReading()).toBe(10_000_050)
  })

  it('prefers quick answers to slow ones', async () => {
    const clock = fakeClock(0)
    const storeClock = createStoreClock(clock)
    await clock.advance(2)
    storeClock.observe(0, 2, 1_001)
    await clock.advance(2_998)
    // A slow answer whose asymmetry would mislead by almost a second.
    storeClock.observe(1_000, 3_000, 3_950)
    expect(storeClock.now()).toBe(4_000)
  })

  it('follows a step of the store’s clock, and reports one that went back', async () => {
    const clock = fakeClock(0)
    const storeClock = createStoreClock(clock)
    expect(storeClock.observe(0, 0, 100_000)).toBe(0)
    await clock.advance(1_000)
    expect(storeClock.observe(1_000, 1_000, 41_000)).toBe(60_000)
    expect(storeClock.now()).toBe(41_000)
    expect(storeClock.observe(1_000, 1_000, 141_000)).toBe(0)
    expect(storeClock.now()).toBe(141_000)
  })
})
