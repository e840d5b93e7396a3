/** Hints of this store: to those who watch here at once, to other processes over NOTIFY, from them over LISTEN. */
import { randomUUID } from 'node:crypto'
import { createAudience, type StoreHint } from '@quarterjack/core/store'
import type { Driver } from '../client/driver.ts'
import { after, type Cancel } from '../client/timers.ts'
import { createLine, type Line } from './line.ts'
import { hintMessages, NOBODY } from './message.ts'
import { createPost } from './post.ts'

/** Whether hints of other processes reach this one. Without them the scheduler finds everything by polling. */
export interface HintStatus {
  /** `off`: switched off, or impossible with this client. `idle`: nobody here watches. `failing`: tried again now and then. */
  readonly state: 'off' | 'idle' | 'starting' | 'on' | 'failing'
  /** Why not, where it is off or failing. */
  readonly reason: string | null
}

/** What a statement tells with its commit. */
export interface News {
  /** Channel and message. */
  readonly notify: readonly [channel: string, message: string]
  /** To be called when the statement was answered. */
  readonly ended: () => void
}

/** How hints are wished: `auto` is silent about failures, true warns of them once, false neither listens nor tells. */
export type HintMode = boolean | 'auto'

export interface Hints {
  watch(listener: (hint: StoreHint) => void): () => void
  tell(hints: readonly StoreHint[]): void
  /** To those who watch here alone: the others were told with the commit. */
  tellHere(hints: readonly StoreHint[]): void
  /**
   * What a statement that makes runs tells with its commit, so that nobody waits for a second one. Null when nobody listens, and while triggers come so fast that hints are gathered: notifications make
   * transactions commit one after the other.
   */
  takeNews(): News | null
  readonly status: HintStatus
  /** What a user's transaction says when it commits triggers; null when hints are off. */
  readonly newsOfCommit: { readonly channel: string; readonly message: string } | null
  open(): void
  close(): Promise<void>
}

/** At least so much time lies between two statements that tell hints. */
export const GAP_MS = 10
/** The same while nothing can be heard: whether anybody listens is unknown then. */
export const BLIND_GAP_MS = 100
/** What new runs are told as. */
const WORK: readonly StoreHint[] = [{ kind: 'work', of: 'runs' }]
/** After the last one who watched. */
const LINGER_MS = 10_000

export function createHints(driver: Driver, { schema, mode }: { readonly schema: string; readonly mode: HintMode }): Hints {
  const from = randomUUID()
  const channel = `${schema}_hints`
  const sql = 'select pg_notify($1::text, m.message)::text from json_array_elements_text($2::text::json) m(message)'
  const notify = (messages: readonly string[]): Promise<unknown> =>
    driver.query('hints', { sql, values: [channel, JSON.stringify(messages)], isFixed: true })
  const news = hintMessages(from, WORK)[0] ?? ''
  const audience = createAudience(() => attend())
  const { listen } = driver
  let isClosed = false
  let hasWarned = false
  let cancelLinger: Cancel | null = null

  const line: Line | null =
    mode === false || listen === null
      ? null
      : createLine({
          from,
          channel,
          listen,
          notify,
          onMessage: (message) => {
            // In this very step: before the next one, the connection that brought them sees to itself.
            if ('hints' in message) audience.tell(message.hints, true)
          },
          // Somebody may have said so while nobody listened here.
          onOpen: () => audience.tell([{ kind: 'work' }]),
          onBroken: (reason) => warn(reason),
        })
  const post = createPost({ from, notify, gapMs: () => (line === null || line.status.state === 'broken' ? BLIND_GAP_MS : GAP_MS) })

  const warn = (reason: string): void => {
    if (mode !== true || hasWarned) return
    hasWarned = true
    process.emitWarning(`Hints of other processes do not arrive (${reason}). Work is found by polling until they do.`, {
      type: 'QuarterjackWarning',
      code: 'QUARTERJACK_PG_HINTS',
    })
  }

  /** The line is held while somebody watches. */
  const attend = (): void => {
    cancelLinger?.()
    cancelLinger = null
    if (line === null || isClosed) return
    if (audience.size > 0) line.open()
    else cancelLinger = after(LINGER_MS, () => void line.close())
  }

  /** As far as can be known. */
  const hasListeners = (): boolean => mode !== false && (line === null || line.hasOthers)

  if (mode === true && listen === null) warn(CANNOT_LISTEN)

  return {
    watch: audience.watch,
    tell(hints) {
      audience.tell(hints)
      if (hasListeners()) post.send(hints)
    },
    tellHere: audience.tell,
    takeNews() {
      const ended = hasListeners() ? post.takeTurn() : null
      return ended === null ? null : { notify: [channel, news], ended }
    },
    get status() {
      return statusOf(mode, line)
    },
    newsOfCommit: mode === false ? null : { channel, message: hintMessages(NOBODY, WORK)[0] ?? '' },
    open() {
      isClosed = false
      attend()
    },
    async close() {
      isClosed = true
      cancelLinger?.()
      post.clear()
      await line?.close()
    },
  }
}

const CANNOT_LISTEN = 'this pool does not show how it opens connections, and LISTEN needs one of its own'

const STATES = { closed: 'idle', opening: 'starting', open: 'on', broken: 'failing' } as const

function statusOf(mode: HintMode, line: Line | null): HintStatus {
  if (line !== null) return { state: STATES[line.status.state], reason: line.status.reason }
  return { state: 'off', reason: mode === false ? 'the option "hints" is false' : CANNOT_LISTEN }
}
