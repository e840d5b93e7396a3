/** A session that the server ends with the very packet that opened it. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Pool } from 'pg'
import { expect, it } from 'vitest'
import { pgStore } from '../../src/index.ts'

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5, type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
const AUTHENTICATED = message('R', Buffer.from([0, 0, 0, 0]))
const READY = message('Z', Buffer.from('I'))
const TERMINATED = message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'))

it('is a call that failed, and does not end the process', async () => {
  await using server = createServer((socket) => {
    socket.on('error', () => undefined)
    // What pg_terminate_backend does to a session that has just been opened, when the client is slow to read.
    socket.once('data', () => void socket.end(Buffer.concat([AUTHENTICATED, READY, TERMINATED])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const pool = new Pool({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'postgres', max: 2 })
  const store = pgStore({ pool })
  await expect(store.now()).rejects.toMatchObject({ code: 'StoreUnavailable' })
  await store.close()
  await pool.end()
})
