/** Notices that a connection was cut without a word: one that only hears never writes, and would wait for ever. */
import { HEARTBEAT_EVERY_MS, HEARTBEAT_PATIENCE_MS } from './limits.ts'
import { after, type Cancel, monotonic } from './timers.ts'

export interface Heartbeat {
  /** A message came: it need not be asked for a while. */
  heard(): void
  readonly stop: Cancel
}

/** Asks where nothing was heard for a while. Any answer will do, a refusal too; `onSilence` hears once that there was none. */
export function startHeartbeat(ping: () => Promise<unknown>, onSilence: (error: Error) => void): Heartbeat {
  let cancel: Cancel
  let isOver = false
  let heardAt = monotonic()

  const rest = (): void => {
    cancel()
    heardAt = monotonic()
    if (!isOver) cancel = after(HEARTBEAT_EVERY_MS, look)
  }
  const look = (): void => {
    const left = heardAt + HEARTBEAT_EVERY_MS - monotonic()
    if (left > 0) cancel = after(left, look)
    else ask()
  }
  const ask = (): void => {
    cancel = after(HEARTBEAT_PATIENCE_MS, () => {
      isOver = true
      onSilence(new Error(`the connection did not answer within ${HEARTBEAT_PATIENCE_MS} ms`))
    })
    ping().then(rest, rest)
  }

  cancel = after(HEARTBEAT_EVERY_MS, look)
  return {
    heard() {
      heardAt = monotonic()
    },
    stop() {
      isOver = true
      cancel()
    },
  }
}
