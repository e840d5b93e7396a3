/** A line between processes and their store, on which calls are lost. */
import { setTimeout as sleep } from 'node:timers/promises'

/** `requests` go to the server, `replies` to the client. */
export type Direction = 'requests' | 'replies'

/** A verb of the store. */
export type Call = 'schedulesRegister' | 'schedulesFire' | 'runsEnqueue' | 'runsClaim' | 'runsRenew' | 'runsSettle'

/** One that leads to the server until it is told otherwise. */
export interface Line extends AsyncDisposable {
  /** The store's URL, by way of the line. */
  readonly url: string
  /** Resets connections, on both sides: all, or some now and others the next time. */
  cut(): void
  /** How far apart such cuts are when there are many: far enough for something to get through. */
  readonly cutEachMs: number
  /** Resolves when the next such call is lost on its way (`request`), or the reply to it (`reply`): its connection is reset then. */
  loseCall(at: 'request' | 'reply', call: Call): Promise<void>
  /** Swallows one direction (default both) until {@link heal}: what is sent is lost, and nobody is told. */
  blackhole(direction?: Direction): void
  /** No more of that. Connections that have lost bytes are reset: their streams are broken. */
  heal(): void
}

const PATIENCE_MS = 10_000

/** Fails when a call was not lost in time: nobody makes it, or it is not known on the line. */
export async function untilLost(call: string, lost: Promise<void>, patienceMs: number = PATIENCE_MS): Promise<void> {
  const patience = new AbortController()
  const tooLate = sleep(patienceMs, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`No call of ${call} within ${patienceMs} ms. Does the line still know it?`)
  })
  tooLate.catch(() => undefined)
  await Promise.race([lost, tooLate])
  patience.abort()
}
