/** When a script begins that is sent now, on a fake clock. */
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServerClock, type ServerClock } from '../../src/client/server-clock.ts'
import { monotonic } from '../../src/client/timers.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The server's clock reads this much more than ours. */
const OFFSET_MS = 1_000_000

/** How long it waits for what comes in `ms` on the server's clock. */
async function waits(clock: ServerClock, ms: number): Promise<number> {
  const from = monotonic()
  let isOver = false
  const waiting = clock.until(from + OFFSET_MS + ms).then(() => {
    isOver = true
  })
  for (;;) {
    await turn()
    if (isOver) break
    vi.advanceTimersByTime(1)
  }
  await waiting
  return monotonic() - from
}

/** One that saw calls which were on their way for so long. */
function clockAfter(...transits: readonly number[]): ServerClock {
  const clock = createServerClock()
  for (const transit of transits) clock.observe(monotonic(), monotonic() + transit + OFFSET_MS)
  return clock
}

describe('the clock of a server', () => {
  it('waits until what is sent then begins in time, and is on its way meanwhile', async () => {
    expect(await waits(clockAfter(1), 3)).toBe(2)
  })

  it('goes by the call that was on its way for the shortest time', async () => {
    expect(await waits(clockAfter(4, 1, 2), 5)).toBe(4)
  })

  it('goes by the newest calls: clocks drift apart', async () => {
    expect(await waits(clockAfter(0, ...new Array<number>(8).fill(2)), 5)).toBe(3)
  })

  it('goes by the last call where all are old', async () => {
    const clock = clockAfter(0, 2)
    vi.advanceTimersByTime(11_000)
    expect(await waits(clock, 5)).toBe(3)
  })

  it.each([
    ['what is due', 0],
    ['what is far away', 21],
    ['what has no instant', Number.NEGATIVE_INFINITY],
  ])('does not wait for %s', async (_, ms) => expect(await waits(clockAfter(0), ms)).toBe(0))

  it('does not wait where it knows nothing', async () => expect(await waits(createServerClock(), 5)).toBe(0))

  it('does not keep a core busy: where instants follow one another, timers will do', async () => {
    const clock = clockAfter(0)
    const turns = vi.spyOn(globalThis, 'setImmediate')
    const turnsOf = async (ms: number): Promise<number> => {
      turns.mockClear()
      expect(await waits(clock, ms)).toBe(ms)
      return turns.mock.calls.length
    }
    expect(await turnsOf(2)).toBeGreaterThan(0)
    expect(await turnsOf(2)).toBe(0)
    vi.advanceTimersByTime(100)
    expect(await turnsOf(2)).toBeGreaterThan(0)
  })
})
