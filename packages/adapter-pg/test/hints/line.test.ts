/** The line to the channel, on a fake clock and an exchange that can misbehave. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ChannelListener } from '../../src/client/sql-client.ts'
import { createLine, ECHO_MS, FORGET_MS, HELLO_EVERY_MS, HOPELESS_BACKOFF_MS, LEAST_BACKOFF_MS, type Line } from '../../src/hints/line.ts'
import { hintMessages, type Message } from '../../src/hints/message.ts'

/** A channel as a server has it. */
function createExchange() {
  const listeners = new Set<ChannelListener>()
  const exchange = {
    deaf: false,
    refuses: false,
    listeners,
    said: [] as string[],
    listens: 0,
    listen: async (_: string, listener: ChannelListener) => {
      exchange.listens++
      if (exchange.refuses) throw new Error('no')
      listeners.add(listener)
      listener.onListening()
      return async () => void listeners.delete(listener)
    },
    notify: async (messages: readonly string[]) => {
      exchange.said.push(...messages)
      await Promise.resolve()
      if (!exchange.deaf) for (const message of messages) for (const listener of [...listeners]) listener.onMessage(message)
    },
    /** Cuts every connection. */
    cut: () => {
      for (const listener of [...listeners]) {
        listeners.delete(listener)
        listener.onLost(new Error('cut'))
      }
    },
  }
  return exchange
}

let exchange: ReturnType<typeof createExchange>
const lines: Line[] = []
const news = { opened: 0, broken: [] as string[], messages: [] as Message[] }
function createTestLine(from: string): Line {
  const line = createLine({
    from,
    channel: 'c',
    listen: exchange.listen,
    notify: exchange.notify,
    onMessage: (message) => news.messages.push(message),
    onOpen: () => news.opened++,
    onBroken: (reason) => news.broken.push(reason),
    random: () => 0.5,
  })
  lines.push(line)
  return line
}
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  exchange = createExchange()
  Object.assign(news, { opened: 0, broken: [], messages: [] })
})
afterEach(async () => {
  await Promise.all(lines.splice(0).map((line) => line.close()))
  expect(exchange.listeners.size).toBe(0)
  vi.useRealTimers()
})

describe('a line', () => {
  it('is open once it heard itself', async () => {
    const line = createTestLine('a')
    expect(line.status).toEqual({ state: 'closed', reason: null })
    line.open()
    expect(line.status.state).toBe('opening')
    await pass(0)
    expect(line.status).toEqual({ state: 'open', reason: null })
    expect(news).toMatchObject({ opened: 1, messages: [] })
  })

  it('is broken when nothing arrives, says why, and tries again much later', async () => {
    exchange.deaf = true
    const line = createTestLine('a')
    line.open()
    await pass(ECHO_MS)
    expect(line.status).toEqual({ state: 'broken', reason: expect.stringMatching(/pooler/) })
    expect(news.broken).toHaveLength(1)
    await pass(HOPELESS_BACKOFF_MS / 2)
    expect(exchange.listens).toBe(1)
    exchange.deaf = false
    await pass(HOPELESS_BACKOFF_MS / 2)
    expect(line.status.state).toBe('open')
  })

  it('comes back soon after its connection was cut, and tells that something was missed', async () => {
    const line = createTestLine('a')
    line.open()
    await pass(0)
    exchange.cut()
    expect(line.status).toEqual({ state: 'broken', reason: 'cut' })
    await pass(100)
    expect(line.status.state).toBe('open')
    expect(news).toMatchObject({ opened: 2, broken: ['cut'] })
  })

  it('waits longer from try to try, and tells of the failure once', async () => {
    exchange.refuses = true
    const line = createTestLine('a')
    line.open()
    await pass(60_000)
    expect(exchange.listens).toBeGreaterThan(5)
    expect(exchange.listens).toBeLessThan(14)
    expect(news.broken).toEqual(['no'])
    exchange.refuses = false
    await pass(30_000)
    expect(line.status.state).toBe('open')
  })

  it('notices a connection that was cut without a word', async () => {
    const line = createTestLine('a')
    line.open()
    await pass(0)
    exchange.deaf = true
    await pass(HELLO_EVERY_MS + ECHO_MS)
    expect(line.status.state).toBe('broken')
    // It may have been late, for once.
    exchange.deaf = false
    await pass(LEAST_BACKOFF_MS)
    expect(line.status.state).toBe('open')
    exchange.deaf = true
    await pass(HELLO_EVERY_MS + 2 * ECHO_MS + LEAST_BACKOFF_MS)
    exchange.deaf = false
    await pass(HOPELESS_BACKOFF_MS / 3)
    expect(line.status.state).toBe('broken')
  })

  it('asks for the others again when its client made a new connection by itself', async () => {
    const line = createTestLine('a')
    line.open()
    await pass(0)
    for (const listener of exchange.listeners) listener.onListening()
    expect(line.status.state).toBe('opening')
    await pass(0)
    expect(news.opened).toBe(2)
  })

  it('may be closed at any moment, and opened again', async () => {
    const line = createTestLine('a')
    line.open()
    await line.close()
    await pass(ECHO_MS)
    expect(line.status.state).toBe('closed')
    expect(exchange.listeners.size).toBe(0)
    line.open()
    line.open()
    await pass(0)
    expect(line.status.state).toBe('open')
    expect(exchange.listeners.size).toBe(1)
  })
})

describe('who else listens', () => {
  it('nobody, after a moment alone', async () => {
    const line = createTestLine('a')
    expect(line.hasOthers).toBe(true)
    line.open()
    await pass(0)
    expect(line.hasOthers).toBe(true)
    await pass(2_000)
    expect(line.hasOthers).toBe(false)
  })

  it('both know of each other soon after the second one came', async () => {
    const [a, b] = [createTestLine('a'), createTestLine('b')]
    a.open()
    await pass(10_000)
    expect(a.hasOthers).toBe(false)
    b.open()
    await pass(0)
    expect(a.hasOthers).toBe(true)
    await pass(2_000)
    expect(b.hasOthers).toBe(true)
    await pass(10 * HELLO_EVERY_MS)
    expect([a.hasOthers, b.hasOthers]).toEqual([true, true])
  })

  it('who left is forgotten', async () => {
    const [a, b] = [createTestLine('a'), createTestLine('b')]
    a.open()
    b.open()
    await pass(5_000)
    await b.close()
    await pass(FORGET_MS)
    expect(a.hasOthers).toBe(false)
  })

  it('costs about one notification a minute', async () => {
    const line = createTestLine('a')
    line.open()
    await pass(60 * HELLO_EVERY_MS)
    expect(exchange.said.length).toBeGreaterThan(50)
    expect(exchange.said.length).toBeLessThan(66)
  })

  it('messages of others are passed on, own ones are not', async () => {
    const line = createTestLine('a')
    line.open()
    await exchange.notify([...hintMessages('a', [{ kind: 'work' }]), ...hintMessages('', [{ kind: 'work' }]), 'rubbish'])
    await pass(0)
    expect(news.messages).toEqual([{ from: '', hints: [{ kind: 'work' }] }])
  })
})
