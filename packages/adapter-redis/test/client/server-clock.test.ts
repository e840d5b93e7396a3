/** When a script begins that is sent now, on a fake clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServerClock, type ServerClock } from '../../src/client/server-clock.ts'
import { monotonic } from '../../src/client/timers.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] }))
afterEach(() => vi.useRealTimers())

/** The server's clock reads this much more than ours. */
const OFFSET_MS = 1_000_000

/** How long it waits for an instant in `ms` of the server's clock, when calls were on their way for so long. */
async function waits(ms: number, ...transits: readonly number[]): Promise<number> {
  const clock = createServerClock()
  for (const transit of transits) clock.observe(monotonic(), monotonic() + transit + OFFSET_MS)
  return waitsOn(clock, ms)
}

async function waitsOn(clock: ServerClock, ms: number): Promise<number> {
  const from = monotonic()
  let over = false
  void clock.until(from + OFFSET_MS + ms).then(() => {
    over = true
  })
  for (let turn = 0; turn < 1_000 && !over; turn++) {
    await vi.advanceTimersByTimeAsync(0)
    if (!over) await vi.advanceTimersByTimeAsync(0.125)
  }
  return monotonic() - from
}

describe('the clock of a server', () => {
  it('waits until what is sent then begins in time, and is on its way meanwhile', async () => {
    expect(await waits(3, 0.5)).toBeCloseTo(2.5, 0)
  })

  it('goes by the call that was on its way for the shortest time', async () => {
    expect(await waits(5, 4, 0.5, 2)).toBeCloseTo(4.5, 0)
  })

  it('goes by the newest calls: clocks drift apart', async () => {
    expect(await waits(5, 0, ...new Array<number>(8).fill(2))).toBeCloseTo(3, 0)
  })

  it.each([
    ['what is due', 0],
    ['what is far away', 21],
    ['what has no instant', Number.NEGATIVE_INFINITY],
  ])('does not wait for %s', async (_, ms) => expect(await waits(ms, 0)).toBe(0))

  it('does not keep a core busy: where instants follow one another, timers will do', async () => {
    const clock = createServerClock()
    clock.observe(0, OFFSET_MS)
    expect(await waitsOn(clock, 1.5)).toBeCloseTo(1.5, 0)
    expect(await waitsOn(clock, 1.5)).toBe(2)
    await vi.advanceTimersByTimeAsync(50)
    expect(await waitsOn(clock, 1.5)).toBeLessThan(2)
  })

  it('does not wait where it knows nothing', async () => expect(await waits(5)).toBe(0))
})
