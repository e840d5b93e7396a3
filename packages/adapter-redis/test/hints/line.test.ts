/** The line to the channel, on a fake clock and an exchange that can misbehave. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChannelListener } from '../../src/client/redis-client.ts'
import { createLine, LEAST_BACKOFF_MS, type Line, MOST_BACKOFF_MS } from '../../src/hints/line.ts'

/** A channel as a server has it. */
function createExchange() {
  const listeners = new Set<ChannelListener>()
  const exchange = {
    refuses: false,
    listeners,
    tries: 0,
    subscribe: async (_: string, listener: ChannelListener) => {
      exchange.tries++
      await Promise.resolve()
      if (exchange.refuses) throw new Error('no')
      listeners.add(listener)
      return async () => void listeners.delete(listener)
    },
    say: (text: string) => {
      for (const listener of [...listeners]) listener.onMessage(text)
    },
    /** Cuts every connection. */
    cut: () => {
      for (const listener of [...listeners]) listener.onLost(new Error('cut'))
    },
  }
  return exchange
}

let exchange: ReturnType<typeof createExchange>
const news = { opened: 0, broken: [] as string[], texts: [] as string[] }
const lines: Line[] = []
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

function createTestLine(): Line {
  const line = createLine({
    channel: 'c',
    subscribe: exchange.subscribe,
    onMessage: (text) => news.texts.push(text),
    onOpen: () => news.opened++,
    onBroken: (reason) => news.broken.push(reason),
    random: () => 1,
  })
  lines.push(line)
  return line
}

beforeEach(() => {
  vi.useFakeTimers()
  exchange = createExchange()
  Object.assign(news, { opened: 0, broken: [], texts: [] })
})
afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()))
  await pass(0)
  expect(exchange.listeners.size).toBe(0)
  vi.useRealTimers()
})

describe('a line', () => {
  it('is open once it is subscribed, and passes on what is said', async () => {
    const line = createTestLine()
    expect(line.status).toEqual({ state: 'closed', reason: null })
    line.open()
    expect(line.status.state).toBe('opening')
    await pass(0)
    expect(line.status).toEqual({ state: 'open', reason: null })
    exchange.say('hello')
    expect(news).toEqual({ opened: 1, broken: [], texts: ['hello'] })
  })

  it('comes back soon after its connection was cut, and tells that something was missed', async () => {
    const line = createTestLine()
    line.open()
    await pass(0)
    exchange.cut()
    expect(line.status).toEqual({ state: 'broken', reason: 'cut' })
    await pass(LEAST_BACKOFF_MS)
    expect(line.status.state).toBe('open')
    expect(news).toMatchObject({ opened: 2, broken: ['cut'] })
    expect(exchange.listeners.size).toBe(1)
  })

  it('waits longer from try to try, up to a bound, and tells of the failure once', async () => {
    exchange.refuses = true
    const line = createTestLine()
    line.open()
    await pass(60_000)
    expect(exchange.tries).toBeGreaterThan(5)
    expect(exchange.tries).toBeLessThan(14)
    expect(news.broken).toEqual(['no'])
    exchange.refuses = false
    await pass(MOST_BACKOFF_MS)
    expect(line.status.state).toBe('open')
    expect(news.opened).toBe(1)
  })

  it('may be closed at any moment, and opened again', async () => {
    const line = createTestLine()
    line.open()
    await line.close()
    await pass(1_000)
    expect(line.status.state).toBe('closed')
    expect(exchange.listeners.size).toBe(0)
    line.open()
    line.open()
    await pass(0)
    expect(line.status.state).toBe('open')
    expect(exchange.listeners.size).toBe(1)
    exchange.refuses = true
    exchange.cut()
    await line.close()
    await pass(60_000)
    expect(line.status.state).toBe('closed')
  })

  it('hears nothing of a connection that it has given up', async () => {
    const line = createTestLine()
    line.open()
    await pass(0)
    const [old] = [...exchange.listeners]
    exchange.cut()
    await pass(LEAST_BACKOFF_MS)
    old?.onMessage('late')
    old?.onLost(new Error('late'))
    expect(news.texts).toEqual([])
    expect(line.status.state).toBe('open')
  })
})
