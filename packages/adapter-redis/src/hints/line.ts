/** The line to the channel: subscribe, and again from the start when it breaks. */
import type { ChannelListener, Unsubscribe } from '../client/redis-client.ts'
import { after, type Cancel } from '../client/timers.ts'

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
}

export interface LineOptions {
  readonly channel: string
  readonly subscribe: (channel: string, listener: ChannelListener) => Promise<Unsubscribe>
  readonly onMessage: (text: string) => void
  /** It works, from now on or again: what was said before was not heard. */
  readonly onOpen: () => void
  readonly onBroken: (reason: string) => void
  readonly random?: () => number
}

/** Waits between tries. */
export const LEAST_BACKOFF_MS = 100
export const MOST_BACKOFF_MS = 30_000

export function createLine({ channel, subscribe, onMessage, onOpen, onBroken, random = Math.random }: LineOptions): Line {
  let status: LineStatus = { state: 'closed', reason: null }
  let unsubscribe: Unsubscribe | null = null
  /** What is still on its way for an earlier turn is ignored. */
  let turn = 0
  let failures = 0
  let cancelRetry: Cancel | null = null

  const begin = async (): Promise<void> => {
    const mine = ++turn
    const listener: ChannelListener = {
      onMessage: (text) => {
        if (mine === turn) onMessage(text)
      },
      onLost: (error) => {
        if (mine === turn) fail(error)
      },
    }
    try {
      const end = await subscribe(channel, listener)
      if (mine !== turn) return void (await end())
      unsubscribe = end
      failures = 0
      status = { state: 'open', reason: null }
      onOpen()
    } catch (error) {
      if (mine === turn) fail(error)
    }
  }

  const fail = (error: unknown): void => {
    turn++
    void unsubscribe?.()
    unsubscribe = null
    const reason = error instanceof Error ? error.message : String(error)
    const wasBroken = status.state === 'broken'
    status = { state: 'broken', reason }
    if (!wasBroken) onBroken(reason)
    const most = Math.min(MOST_BACKOFF_MS, LEAST_BACKOFF_MS * 2 ** failures++)
    cancelRetry = after(most * (0.5 + random() / 2), () => void begin())
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
      cancelRetry?.()
      const end = unsubscribe
      unsubscribe = null
      await end?.()
    },
    get status() {
      return status
    },
  }
}
