/** Hints of this store: to those who watch here at once, from other processes over a channel. Scripts publish what they cause. */
import { randomUUID } from 'node:crypto'
import { createAudience, type StoreHint } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import { keyOf } from '../client/key-space.ts'
import { after, type Cancel, monotonic } from '../client/timers.ts'
import { OWN_WRITES } from '../scripts/lua/own-writes.ts'
import { createLine, type Line } from './line.ts'
import { readMessage } from './message.ts'

/** Whether hints of other processes reach this one. Without them the scheduler finds everything by polling. */
export interface HintStatus {
  /** `off`: switched off, or impossible with this client. `idle`: nobody here watches. `failing`: tried again now and then. */
  readonly state: 'off' | 'idle' | 'starting' | 'on' | 'failing'
  /** Why not, where it is off or failing. */
  readonly reason: string | null
}

/** How hints are wished: `auto` is silent about failures, true warns of them once, false does not listen. */
export type HintMode = boolean | 'auto'

export interface Hints {
  /** This process, in the messages that its scripts publish, and where they count what it wrote. */
  readonly from: string
  watch(listener: (hint: StoreHint) => void): () => void
  /** To those who watch here: the others were told by the script itself. */
  tellHere(hints: readonly StoreHint[]): void
  readonly status: HintStatus
  /** Nothing was heard for a while where something should be: a script may say so, and whoever hears it knows that the line works. */
  readonly isSilent: boolean
  open(): void
  close(): Promise<void>
}

/** So long after the last message somebody should say something. With the time between two renewals less than the patience of heartbeats. */
const SILENT_MS = 10_000

/** After the last one who watched. */
const LINGER_MS = 10_000

export function createHints(
  { subscribe }: Pick<Driver, 'subscribe'>,
  { prefix, mode }: { readonly prefix: string; readonly mode: HintMode },
): Hints {
  const from = `${OWN_WRITES}${randomUUID()}`
  const audience = createAudience(() => attend())
  let isClosed = false
  let hasWarned = false
  let cancelLinger: Cancel | null = null
  /** Somebody watched since the linger began. */
  let wasWatched = false
  let heardAt = 0

  const warn = (reason: string): void => {
    if (mode !== true || hasWarned) return
    hasWarned = true
    process.emitWarning(`Hints of other processes do not arrive (${reason}). Work is found by polling until they do.`, {
      type: 'QuarterjackWarning',
      code: 'QUARTERJACK_REDIS_HINTS',
    })
  }

  const line: Line | null =
    mode === false || subscribe === null
      ? null
      : createLine({
          channel: keyOf(prefix, 'hints'),
          subscribe,
          onMessage: (text) => {
            heardAt = monotonic()
            const message = readMessage(text)
            // Own ones were told when the script was answered.
            if (message !== null && message.from !== from) audience.tell(message.hints)
          },
          // Somebody may have said so while nobody listened here.
          onOpen: () => audience.tell([{ kind: 'work' }]),
          onBroken: warn,
        })

  /** The line is held while somebody watches. */
  const attend = (): void => {
    if (line === null || isClosed) return
    wasWatched ||= audience.size > 0
    if (audience.size > 0) line.open()
    else if (cancelLinger === null) linger(line)
  }
  /** Whoever comes and goes all the time, as mutexes do, leaves the timer as it is. */
  const linger = (open: Line): void => {
    wasWatched = false
    cancelLinger = after(LINGER_MS, () => {
      cancelLinger = null
      if (audience.size > 0) return
      if (wasWatched) linger(open)
      else void open.close()
    })
  }

  if (mode === true && subscribe === null) warn(CANNOT_SUBSCRIBE)

  return {
    from,
    watch: audience.watch,
    tellHere: audience.tell,
    get status() {
      return statusOf(mode, line)
    },
    get isSilent() {
      return line?.status.state === 'open' && monotonic() - heardAt >= SILENT_MS
    },
    open() {
      isClosed = false
      attend()
    },
    async close() {
      isClosed = true
      cancelLinger?.()
      cancelLinger = null
      await line?.close()
    },
  }
}

const CANNOT_SUBSCRIBE = 'this client has no way to open a connection of its own'

const STATES = { closed: 'idle', opening: 'starting', open: 'on', broken: 'failing' } as const

function statusOf(mode: HintMode, line: Line | null): HintStatus {
  if (line !== null) return { state: STATES[line.status.state], reason: line.status.reason }
  return { state: 'off', reason: mode === false ? 'the option "hints" is false' : CANNOT_SUBSCRIBE }
}
