import { describe, expect, it } from 'vitest'
import { createLookAhead } from '../../src/engine/look-ahead.ts'
import { createLoop } from '../../src/engine/loop.ts'
import { createStoreClock } from '../../src/engine/store-clock.ts'
import { createWakes } from '../../src/engine/wakes.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'

/** Instants at which a loop asked for what is due, when each answer is that nothing was fired, and that something is due in `dueInMs`. */
async function looks(dueInMs: (look: number) => number, forMs: number): Promise<readonly number[]> {
  const clock = fakeClock(0)
  const storeClock = createStoreClock(clock)
  const wakes = createWakes()
  const at: number[] = []
  const loop = createLoop({
    clock,
    random: () => 0.5,
    storeClock,
    wakes,
    ahead: createLookAhead(0),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    fire: async () => {
      at.push(clock.monotonic())
      wakes.absorb({ storeNow: storeClock.now(), nextDueAt: storeClock.now() + dueInMs(at.length) }, wakes.ask())
      return 0
    },
    claim: async () => 0,
    canClaim: () => false,
    onLag: () => undefined,
  })
  wakes.stir()
  loop.start()
  await clock.advance(forMs)
  await loop.stop()
  return at
}

const gaps = (at: readonly number[]): readonly number[] => at.slice(1).map((one, index) => one - (at[index] ?? 0))

describe('a loop that fires nothing', () => {
  it('looks again when the store says, however often it found nothing', async () => {
    const found = gaps(await looks(() => 30, 1_000))
    expect(found.length).toBeGreaterThan(30)
    expect(new Set(found)).toEqual(new Set([30]))
  })

  it('pauses longer and longer where others are at what is due', async () => {
    expect(gaps(await looks(() => -1, 5_000)).slice(0, 13)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 1_000, 1_000])
  })

  it('is at once there for what is due after such a pause', async () => {
    const found = gaps(await looks((look) => (look < 5 ? -1 : 20), 100))
    expect(found).toEqual([1, 2, 4, 8, 20, 20, 20, 20])
  })
})
