/** Connections that a pool of `pg` does not count: made as the pool makes its own, for what must not wait in its queue. */
import { LONGEST_WAIT_FOR_CONNECTION_MS } from './limits.ts'

/** A query of `pg`. */
export interface PgQuery {
  readonly text: string
  readonly values?: unknown[]
  readonly rowMode?: 'array'
  readonly name?: string
  readonly query_timeout?: number
  /** One statement, its values apart, also where there are none. */
  readonly queryMode?: 'extended'
}

/** The part of a client of `pg` that is used. */
export interface PgClient {
  query(query: PgQuery): Promise<{ readonly rows: unknown[]; readonly command?: unknown }>
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
}

/** A client outside of any pool. */
export interface OwnClient extends PgClient {
  connect(): Promise<unknown>
  end(): Promise<void>
  on(event: 'error' | 'end', listener: (error: Error) => void): unknown
  on(event: 'notification', listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void): unknown
  /** An unreferenced connection does not keep the process alive. */
  ref?(): void
  unref?(): void
}

/** Opens a connection. */
export type OpenOwn = () => Promise<OwnClient>

/** For events that need no answer: whoever waits for a query hears of the failure there. */
export const ignoreError = (): void => undefined

/** How to open such connections; null for pools that do not show how they open theirs. */
export function ownConnectionOf(pool: object): OpenOwn | null {
  const { Client, options } = pool as { readonly Client?: unknown; readonly options?: unknown }
  if (typeof Client !== 'function' || typeof options !== 'object' || options === null) return null
  const Constructor = Client as new (config: object) => OwnClient
  return async () => {
    const client = new Constructor(ownOptions(options))
    client.on('error', ignoreError)
    const { onConnect } = options as { readonly onConnect?: (made: OwnClient) => unknown }
    try {
      await client.connect()
      await onConnect?.(client)
    } catch (error) {
      void client.end().catch(ignoreError)
      throw error
    }
    client.unref?.()
    return client
  }
}

/** The pool's options, hidden ones (the password) included. Such a connection idles for long, so it must notice when it is cut. */
function ownOptions(options: object): object {
  const { connectionTimeoutMillis } = options as { readonly connectionTimeoutMillis?: number }
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(options),
      keepAlive: { value: true, enumerable: true },
      pipeline: { value: false, enumerable: true },
      connectionTimeoutMillis: { value: connectionTimeoutMillis || LONGEST_WAIT_FOR_CONNECTION_MS, enumerable: true },
    },
  )
}
