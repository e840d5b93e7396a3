/** Deadlines of many calls, on a fake clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createDeadlines } from '../../src/client/deadlines.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

const never = (): Promise<never> => new Promise(() => undefined)

describe('a deadline', () => {
  it('passes on what comes in time, be it an answer or an error', async () => {
    const deadlines = createDeadlines(1_000)
    await expect(deadlines.within(Promise.resolve(7))).resolves.toBe(7)
    await expect(deadlines.within(Promise.reject(new Error('no')))).rejects.toThrow('no')
  })

  it('holds for each call from its own beginning', async () => {
    const deadlines = createDeadlines(1_000)
    const ends: string[] = []
    const call = (name: string): void => void deadlines.within(never()).catch((error: Error) => ends.push(`${name}: ${error.message}`))
    call('a')
    await vi.advanceTimersByTimeAsync(400)
    call('b')
    await vi.advanceTimersByTimeAsync(590)
    expect(ends).toEqual([])
    await vi.advanceTimersByTimeAsync(20)
    expect(ends).toEqual(['a: no answer within 1000 ms'])
    await vi.advanceTimersByTimeAsync(380)
    expect(ends).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(20)
    expect(ends).toHaveLength(2)
  })

  it('forgets what comes later', async () => {
    const deadlines = createDeadlines(1_000)
    const late = Promise.withResolvers<number>()
    const call = deadlines.within(late.promise)
    const ended = expect(call).rejects.toThrow(/no answer/)
    await vi.advanceTimersByTimeAsync(1_001)
    await ended
    late.reject(new Error('late'))
    await vi.advanceTimersByTimeAsync(1)
  })

  it('needs one timer for any number of calls, and begins anew after a rest', async () => {
    const deadlines = createDeadlines(1_000)
    await Promise.all(Array.from({ length: 100 }, () => deadlines.within(Promise.resolve())))
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(vi.getTimerCount()).toBe(0)
    const ended = expect(deadlines.within(never())).rejects.toThrow(/no answer/)
    await vi.advanceTimersByTimeAsync(1_001)
    await ended
  })
})
