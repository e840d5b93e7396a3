/** LISTEN over `pg`: a connection of its own, which a pool's would not be after it is given back. */
import type { OpenOwn } from './node-pg-own.ts'
import { ignoreError } from './node-pg-own.ts'
import { quoteName } from './quote-name.ts'
import type { SqlClient } from './sql-client.ts'

export function createPgListen(open: OpenOwn): NonNullable<SqlClient['listen']> {
  return async (channel, listener) => {
    const client = await open()
    let isOver = false
    const lose = (error?: unknown): void => {
      if (isOver) return
      isOver = true
      listener.onLost(error ?? new Error('the connection ended'))
    }
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', (message) => {
      if (!isOver && message.channel === channel) listener.onMessage(message.payload ?? '')
    })
    try {
      await client.query({ text: `listen ${quoteName(channel)}` })
    } catch (error) {
      isOver = true
      await client.end().catch(ignoreError)
      throw error
    }
    listener.onListening()
    return async () => {
      isOver = true
      await client.end().catch(ignoreError)
    }
  }
}
