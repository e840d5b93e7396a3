/**
 * The line to the channel: LISTEN, a test that what is said arrives, and again from the start when it breaks. A pooler
 * that hands sessions around takes LISTEN and never delivers; a connection may be cut without a word. So a listener says
 * hello to itself when it begins and now and then, and believes only in what it hears.
 */
import type { ChannelListener, Unlisten } from '../client/sql-client.ts'
import { after, type Cancel, monotonic } from '../client/timers.ts'
import { helloMessage, type Message, createMessageReader } from './message.ts'

/** Whether hints of other processes arrive. */
export interface LineStatus {
  readonly state: 'closed' | 'opening' | 'open' | 'broken'
  /** Why it is broken. */
  readonly reason: string | null
}

export interface Line {
  open(): void
  close(): Promise<void>
  readonly status: LineStatus
  /** False only when it is known that no other process listens. */
  readonly hasOthers: boolean
}

export interface LineOptions {
  readonly from: string
  readonly channel: string
  readonly listen: (channel: string, listener: ChannelListener) => Promise<Unlisten>
  readonly notify: (messages: readonly string[]) => Promise<unknown>
  readonly onMessage: (message: Message) => void
  /** It works, from now on or again: what was said before was not heard. */
  readonly onOpen: () => void
  readonly onBroken: (reason: string) => void
  readonly random?: () => number
}

/** How long a hello may take to come back. */
export const ECHO_MS = 5_000
/** Between two hellos. */
export const HELLO_EVERY_MS = 60_000
/** A listener that was not heard for so long is gone. */
export const FORGET_MS: number = 2.5 * HELLO_EVERY_MS
/** Newcomers are answered within this time, and until then believe that there are others. */
export const ANSWER_MS = 1_000
/** Waits between tries; the last one where a try costs a connection and most likely fails again. */
export const LEAST_BACKOFF_MS = 100
export const MOST_BACKOFF_MS = 30_000
export const HOPELESS_BACKOFF_MS = 600_000

export function createLine(options: LineOptions): Line {
  const { from, channel, notify, random = Math.random } = options
  const read = createMessageReader()
  let status: LineStatus = { state: 'closed', reason: null }
  let unlisten: Unlisten | null = null
  /** What is still on its way for an earlier turn is ignored. */
  let turn = 0
  let failures = 0
  let openedAt = 0
  let heardAt = Number.NEGATIVE_INFINITY
  let cancelTimer: Cancel | null = null
  let cancelAnswer: Cancel | null = null

  const arm = (ms: number, work: () => void): void => {
    cancelTimer?.()
    cancelTimer = after(ms, work)
  }

  const begin = async (): Promise<void> => {
    const mine = ++turn
    const current =
      <T extends unknown[]>(work: (...args: T) => void) =>
      (...args: T): void => {
        if (mine === turn) work(...args)
      }
    try {
      const ended = await options.listen(channel, {
        onListening: current(listening),
        onMessage: current(hear),
        onLost: current((error: unknown) => fail(wordsOf(error))),
      })
      if (mine === turn) unlisten = ended
      else await ended()
    } catch (error) {
      current(() => fail(wordsOf(error)))()
    }
  }

  const listening = (): void => {
    // Again: the client made a new connection by itself, and what was said in between was not heard.
    if (status.state === 'open') status = { state: 'opening', reason: null }
    sayHello()
  }

  const sayHello = (): void => {
    const mine = turn
    arm(ECHO_MS, () => {
      // One that has worked before is late: a statement that it serves waits for its server.
      if (status.state !== 'open') failures = Number.POSITIVE_INFINITY
      fail('LISTEN was accepted, but nothing arrives. A pooler that hands connections around (transaction mode) does that.')
    })
    notify([helloMessage(from, status.state !== 'open')]).catch((error: unknown) => {
      if (mine === turn) fail(wordsOf(error))
    })
  }

  const hear = (payload: string): void => {
    const message = read(payload)
    if (message === null) return
    if (message.from !== from) {
      if ('hello' in message) greet(message.isNew)
      options.onMessage(message)
    } else if ('hello' in message) {
      arm(HELLO_EVERY_MS * (0.9 + random() / 5), sayHello)
      if (status.state !== 'open') becomeOpen()
    }
  }

  const greet = (isNew: boolean): void => {
    heardAt = monotonic()
    if (!isNew || cancelAnswer !== null || status.state !== 'open') return
    cancelAnswer = after(random() * 0.8 * ANSWER_MS, () => {
      cancelAnswer = null
      void notify([helloMessage(from, false)]).catch(() => undefined)
    })
  }

  const becomeOpen = (): void => {
    status = { state: 'open', reason: null }
    failures = 0
    openedAt = monotonic()
    options.onOpen()
  }

  const fail = (reason: string): void => {
    turn++
    void unlisten?.()
    unlisten = null
    const wasBroken = status.state === 'broken'
    status = { state: 'broken', reason }
    if (!wasBroken) options.onBroken(reason)
    const most = failures === Number.POSITIVE_INFINITY ? HOPELESS_BACKOFF_MS : Math.min(MOST_BACKOFF_MS, LEAST_BACKOFF_MS * 2 ** failures)
    failures++
    arm(most * (0.5 + random() / 2), () => void begin())
  }

  return {
    open() {
      if (status.state !== 'closed') return
      status = { state: 'opening', reason: null }
      failures = 0
      void begin()
    },
    async close() {
      turn++
      status = { state: 'closed', reason: null }
      cancelTimer?.()
      cancelAnswer?.()
      cancelAnswer = null
      const ending = unlisten
      unlisten = null
      await ending?.()
    },
    get status() {
      return status
    },
    get hasOthers() {
      if (status.state !== 'open') return true
      const now = monotonic()
      return now - openedAt < 2 * ANSWER_MS || now - heardAt < FORGET_MS
    },
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
