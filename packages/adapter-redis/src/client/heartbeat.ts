/** Notices that a connection was cut without a word: one that only hears never writes, and would wait for ever. */
import { HEARTBEAT_EVERY_MS, HEARTBEAT_PATIENCE_MS } from './limits.ts'
import { after, type Cancel } from './timers.ts'

/** Asks now and then. Any answer will do, a refusal too; `onSilence` hears once that there was none. */
export function startHeartbeat(ping: () => Promise<unknown>, onSilence: (error: Error) => void): Cancel {
  let cancel: Cancel
  let isOver = false

  const rest = (): void => {
    cancel()
    if (!isOver) cancel = after(HEARTBEAT_EVERY_MS, ask)
  }
  const ask = (): void => {
    cancel = after(HEARTBEAT_PATIENCE_MS, () => {
      isOver = true
      onSilence(new Error(`the connection did not answer within ${HEARTBEAT_PATIENCE_MS} ms`))
    })
    ping().then(rest, rest)
  }

  cancel = after(HEARTBEAT_EVERY_MS, ask)
  return () => {
    isOver = true
    cancel()
  }
}
