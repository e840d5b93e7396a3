/** One timer for many that last equally long, on a fake clock. */
import { describe, expect, it } from 'vitest'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { timerLine } from '../../src/time/timer-line.ts'

describe('timers of one line', () => {
  it('end in the order in which they came, each after its time, by one timer of the clock', async () => {
    const clock = fakeClock()
    const line = timerLine(clock, 100)
    const ended: string[] = []
    const begin = clock.monotonic()
    const note = (name: string) => (): void => void ended.push(`${name} ${clock.monotonic() - begin}`)
    line.set(note('a'))
    await clock.advance(30)
    line.set(note('b'))
    line.set(note('c'))
    expect(clock.timers).toBe(1)
    await clock.advance(1_000)
    expect(ended).toEqual(['a 100', 'b 130', 'c 130'])
    expect(clock.timers).toBe(0)
  })

  it('do not end when they are cleared, first, last or between, and leave no timer behind', async () => {
    const clock = fakeClock()
    const line = timerLine(clock, 100)
    const ended: string[] = []
    const set = (name: string) => line.set(() => void ended.push(name))
    const [a, b, c, d, e] = [set('a'), set('b'), set('c'), set('d'), set('e')]
    for (const timer of [a, c, e, c]) line.clear(timer)
    await clock.advance(100)
    expect(ended).toEqual(['b', 'd'])
    line.clear(b)
    const last = set('f')
    line.clear(last)
    expect(clock.timers).toBe(0)
    await clock.advance(1_000)
    expect(ended).toEqual(['b', 'd'])
    expect(d.isSet).toBe(false)
  })

  it('may set the next when they end', async () => {
    const clock = fakeClock()
    const line = timerLine(clock, 100)
    let count = 0
    const again = (): void => {
      if (++count < 3) line.set(again)
    }
    line.set(again)
    await clock.advance(1_000)
    expect(count).toBe(3)
    expect(clock.timers).toBe(0)
  })

  it('are of one line per clock and time', () => {
    const [a, b] = [fakeClock(), fakeClock()]
    expect(timerLine(a, 5)).toBe(timerLine(a, 5))
    expect(timerLine(a, 5)).not.toBe(timerLine(a, 6))
    expect(timerLine(a, 5)).not.toBe(timerLine(b, 5))
  })
})
