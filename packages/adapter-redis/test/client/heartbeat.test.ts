/** Looking after a connection that only hears, on a fake clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startHeartbeat } from '../../src/client/heartbeat.ts'
import { HEARTBEAT_EVERY_MS, HEARTBEAT_PATIENCE_MS } from '../../src/client/limits.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a heartbeat', () => {
  it('goes on for as long as there is an answer, be it a refusal', async () => {
    const silence = vi.fn()
    let count = 0
    const { stop } = startHeartbeat(() => (count++ % 2 === 0 ? Promise.resolve('PONG') : Promise.reject(new Error('NOPERM'))), silence)
    await vi.advanceTimersByTimeAsync(10.5 * HEARTBEAT_EVERY_MS)
    expect(count).toBe(10)
    expect(silence).not.toHaveBeenCalled()
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks only where nothing was heard for a while', async () => {
    const ping = vi.fn(() => Promise.resolve('PONG'))
    const { heard, stop } = startHeartbeat(ping, vi.fn())
    for (let round = 0; round < 6; round++) {
      await vi.advanceTimersByTimeAsync(HEARTBEAT_EVERY_MS / 2)
      heard()
    }
    expect(ping).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(HEARTBEAT_EVERY_MS)
    expect(ping).toHaveBeenCalledOnce()
    stop()
  })

  it('tells of silence once', async () => {
    const silence = vi.fn()
    startHeartbeat(() => new Promise(() => undefined), silence)
    await vi.advanceTimersByTimeAsync(HEARTBEAT_EVERY_MS + HEARTBEAT_PATIENCE_MS)
    expect(silence).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(10 * HEARTBEAT_EVERY_MS)
    expect(silence).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is over when it is stopped, even in the middle of a question', async () => {
    const silence = vi.fn()
    const { stop } = startHeartbeat(() => new Promise(() => undefined), silence)
    await vi.advanceTimersByTimeAsync(HEARTBEAT_EVERY_MS + 1)
    stop()
    await vi.advanceTimersByTimeAsync(HEARTBEAT_EVERY_MS)
    expect(silence).not.toHaveBeenCalled()
  })
})
