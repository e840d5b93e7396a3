/** Ports for private servers. */
import { createServer } from 'node:net'
import { once } from 'node:events'

const FIRST = 20_000
const COUNT = 12_000

/**
 * A port of this machine that nobody listens on. Below those that systems give to outgoing connections: a client
 * that retries while its server is down could otherwise be given the server's port, and connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const server = createServer()
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return port
    } catch {
      // Taken; try another.
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
