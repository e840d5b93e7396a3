/** Waits for a client that has lost its connection: what lay in its own queue meanwhile could be sent long after anybody asked for it. */
import { PATIENCE_WITHOUT_CONNECTION_MS } from './limits.ts'
import { after } from './timers.ts'

/** What both clients have of Node's EventEmitter. */
export interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown
}

/** `over`: ended, or never begun; the client says so itself to whoever asks it. */
export type ConnectionState = 'ready' | 'coming' | 'over'

/** The connection of a client that reconnects by itself. */
export interface Connection {
  /** Null when it can be used. Else resolves when it can, and throws {@link NoConnection} when that takes too long. */
  ready(): Promise<void> | null
}

/** A client that is without connection; the cause is what it said last. */
export class NoConnection extends Error {
  override readonly name = 'NoConnection'

  constructor(cause: unknown) {
    super(cause instanceof Error ? `no connection (${cause.message || cause.name})` : 'no connection', { cause })
  }
}

const known = new WeakMap<Emitter, Connection>()

/**
 * The same for every store of a client. Its listeners stay for as long as the client lives: without one, an error of a
 * connection would end the process, and listeners taken off the objects that node-redis hands out are lost.
 */
export function connectionOf(client: Emitter, look: () => ConnectionState): Connection {
  const found = known.get(client)
  if (found !== undefined) return found
  const connection = watch(client, look)
  known.set(client, connection)
  return connection
}

function watch(client: Emitter, look: () => ConnectionState): Connection {
  let lastError: unknown
  let waiting: { readonly promise: Promise<void>; readonly wake: () => void } | null = null
  /** It was waited for in vain, and has not come since: who asks now need not wait again. */
  let isGivenUp = false

  const change = (): void => {
    isGivenUp = false
    waiting?.wake()
  }
  client.on('error', (error) => {
    lastError = error
  })
  client.on('ready', () => {
    lastError = undefined
    change()
  })
  client.on('end', change)

  const wait = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = after(PATIENCE_WITHOUT_CONNECTION_MS, () => {
      waiting = null
      isGivenUp = true
      reject(new NoConnection(lastError))
    })
    const wake = (): void => {
      waiting = null
      cancel()
      resolve()
    }
    waiting = { promise, wake }
    return promise
  }

  return {
    ready() {
      if (look() !== 'coming') {
        // Whatever the client did not tell.
        change()
        return null
      }
      if (isGivenUp) return Promise.reject(new NoConnection(lastError))
      return waiting?.promise ?? wait()
    },
  }
}
