/** The mutex, when the caller or the store gives up in the midst of a bid. */
import { describe, expect, it } from 'vitest'
import { createMutex } from '../../src/index.ts'
import { memoryStore } from '../../src/memory/memory-store.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { createLine, type Fault, type Line } from '../faults/line.ts'

function setUp(): { clock: ReturnType<typeof fakeClock>; line: Line; slow: (verb: string, fault: Fault) => void } {
  const clock = fakeClock()
  const line = createLine(memoryStore({ clock }), { clock, happen: (callback) => callback() })
  return { clock, line, slow: (verb, fault) => line.judge((asked) => (asked === verb ? fault : null)) }
}

describe('createMutex', () => {
  it('does no work for a caller that gave up while the lock was being granted, and leaves it free', async () => {
    const { clock, line, slow } = setUp()
    const giveUp = new AbortController()
    slow('leases.acquire', { lands: true, answer: 'reply', backMs: 1_000 })
    let worked = false
    const locked = createMutex(line.store, 'm', { clock }).withLock(
      () => {
        worked = true
      },
      { signal: giveUp.signal },
    )
    const refused = expect(locked).rejects.toThrow('never mind')
    await clock.advance(500)
    giveUp.abort(new Error('never mind'))
    await clock.advance(1_000)
    await refused
    expect(worked).toBe(false)
    line.judge(null)
    expect(await clock.until(createMutex(line.store, 'm', { clock }).withLock(() => 'mine', { wait: 0 }))).toBe('mine')
    expect(clock.timers).toBe(0)
  })

  it.each(['leases.acquire', 'leases.release', 'open'])('holds nobody up for ever when %s never answers', async (verb) => {
    const { clock, line, slow } = setUp()
    slow(verb, { lands: false, answer: 'nothing' })
    const began = clock.monotonic()
    const locked = createMutex(line.store, 'm', { clock }).withLock(() => 'done', { wait: '1s' })
    const answer = await clock.until(locked.catch((error: { code?: string }) => error.code))
    expect(answer).toBe(verb === 'leases.release' ? 'done' : 'StoreTimedOut')
    // Opening may have to migrate.
    expect(clock.monotonic() - began).toBeLessThanOrEqual(verb === 'open' ? 30_000 : 15_000)
    expect(clock.timers).toBe(0)
  })
})
