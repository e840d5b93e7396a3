/** One connection of our own, for calls while the user's work has the whole pool. Opened when needed, closed when idle. */
import { IDLE_MS, LONGEST_WAIT_FOR_CONNECTION_MS } from './limits.ts'
import { ignoreError, type OpenOwn, type OwnClient, type PgClient } from './node-pg-own.ts'
import { after, type Cancel, monotonic } from './timers.ts'

export interface Spare {
  /**
   * Calls take turns; one that waited for too long is not made any more. `otherwise` is done instead when the connection
   * cannot be opened: the server may have no more to give.
   */
  use<T>(work: (client: PgClient) => Promise<T>, otherwise: () => Promise<T>): Promise<T>
  /** Nobody uses it, or waits for it. */
  readonly isFree: boolean
  close(): Promise<void>
}

export function createSpare(open: OpenOwn): Spare {
  let client: OwnClient | null = null
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let failedAt = Number.NEGATIVE_INFINITY
  let cancelIdle: Cancel | null = null

  const drop = async (): Promise<void> => {
    const dropped = client
    client = null
    await dropped?.end().catch(ignoreError)
  }

  const obtain = async (): Promise<OwnClient> => {
    if (client !== null) return client
    const opened = await open()
    const forget = (): void => {
      if (client === opened) client = null
    }
    opened.on('error', forget)
    opened.on('end', forget)
    client = opened
    return opened
  }

  const take = async <T>(work: (client: PgClient) => Promise<T>, askedAt: number): Promise<{ readonly result: T } | null> => {
    // Those who stood in line meanwhile do not try each for itself.
    if (failedAt > askedAt) return null
    if (monotonic() - askedAt > LONGEST_WAIT_FOR_CONNECTION_MS) {
      throw new Error(`no connection of the pool became free within ${LONGEST_WAIT_FOR_CONNECTION_MS} ms`)
    }
    const taken = await obtain().catch(() => null)
    if (taken === null) {
      failedAt = monotonic()
      return null
    }
    taken.ref?.()
    try {
      return { result: await work(taken) }
    } catch (error) {
      // Too rare to be choosy: the next call opens another.
      if (client === taken) void drop()
      throw error
    } finally {
      taken.unref?.()
    }
  }

  return {
    async use(work, otherwise) {
      cancelIdle?.()
      cancelIdle = null
      waiting++
      const askedAt = monotonic()
      const mine = turn.then(() => take(work, askedAt))
      turn = mine.catch(ignoreError)
      try {
        const taken = await mine
        if (taken !== null) return taken.result
      } finally {
        waiting--
        if (waiting === 0) cancelIdle = after(IDLE_MS, () => void drop())
      }
      return otherwise()
    },
    get isFree() {
      return waiting === 0
    },
    async close() {
      cancelIdle?.()
      cancelIdle = null
      await drop()
    },
  }
}
