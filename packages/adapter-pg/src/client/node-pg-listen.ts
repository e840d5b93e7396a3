/** LISTEN over `pg`: a connection of its own, which a pool's would not be after it is given back. */
import { isAnswered } from './answered.ts'
import { ignoreError, type OpenOwn, type OwnClient, type PgClient } from './node-pg-own.ts'
import { quoteName } from './quote-name.ts'
import type { SqlClient } from './sql-client.ts'
import { monotonic } from './timers.ts'

/** Hears channels; and what was heard is answered by the way that it came. */
export interface PgListen {
  readonly listen: NonNullable<SqlClient['listen']>
  /**
   * The connection that brought a message a moment ago, if it was not taken since and does nothing; else null. After a pause it is the one that
   * is awake, here and at the server, and nobody has to be asked for it. Once for each message, so that what is heard later
   * waits for no more than one statement.
   */
  take(): OwnClient | null
  /**
   * Serves one statement over it. One that was not answered has ended it: whoever listens hears so, and listens anew. `otherwise` is done
   * instead where it was refused for what the user's own set-up of the pool's connections may have allowed them (a role, say).
   */
  serve<T>(client: OwnClient, work: (client: PgClient) => Promise<T>, otherwise: () => Promise<T>): Promise<T>
}

/** After a message. Later, the connection is as cold as any, and may have been cut without a word. */
const AWAKE_MS = 1_000

export function createPgListen(open: OpenOwn): PgListen {
  let isFit = true
  let heardAt = 0
  let awake: OwnClient | null = null
  let serving: OwnClient | null = null
  return {
    async listen(channel, listener) {
      const client = await open()
      let isOver = false
      const end = (): void => {
        isOver = true
        if (awake === client) awake = null
      }
      const lose = (error?: unknown): void => {
        if (isOver) return
        end()
        listener.onLost(error ?? new Error('the connection ended'))
      }
      client.on('error', lose)
      client.on('end', lose)
      client.on('notification', (message) => {
        if (isOver || message.channel !== channel) return
        if (isFit) awake = client
        heardAt = monotonic()
        listener.onMessage(message.payload ?? '')
      })
      try {
        await client.query({ text: `listen ${quoteName(channel)}` })
      } catch (error) {
        end()
        await client.end().catch(ignoreError)
        throw error
      }
      listener.onListening()
      return async () => {
        end()
        await client.end().catch(ignoreError)
      }
    },
    take() {
      const taken = awake === serving || monotonic() - heardAt > AWAKE_MS ? null : awake
      awake = null
      return taken
    },
    async serve(client, work, otherwise) {
      serving = client
      client.ref?.()
      try {
        return await work(client)
      } catch (error) {
        if (!isRefused(error)) {
          if (!isAnswered(error)) void client.end().catch(ignoreError)
          throw error
        }
        isFit = false
        awake = null
      } finally {
        client.unref?.()
        serving = null
      }
      return otherwise()
    },
  }
}

/** Of what may not be asked that way, and was not done: no privilege, no such function. */
function isRefused(error: unknown): boolean {
  return isAnswered(error) && String((error as { readonly code?: unknown }).code).startsWith('42')
}
