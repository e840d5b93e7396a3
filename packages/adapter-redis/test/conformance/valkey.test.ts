/** The suite on Valkey, where there is one. */
import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { findValkey, startValkey } from '../servers/valkey.ts'
import { conform } from './conform.ts'

const { reason } = findValkey()

if (reason === null) {
  conform(async () => {
    const server = await startValkey({ appendOnly: true })
    const client = createClient({ url: server.url })
    client.on('error', () => undefined)
    await client.connect()
    return {
      client,
      command: (...args) => client.sendCommand([...args]),
      async close() {
        client.destroy()
        await server.close()
      },
    }
  })
} else {
  it.skipIf(true)(`the store contract on Valkey (left out: ${reason})`, () => {
    expect(reason).toBeNull()
  })
}
