/** A function from `Request` to `Response` behind a port, which can be closed for good. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeListener } from '@quarterjack/adapter-http'

/** A server that accepts connections. */
export interface Listening {
  /** `http://127.0.0.1:8003`, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

export interface ListenOptions {
  /** Default: loopback only. */
  readonly host?: string
  /** 0 takes any free one. */
  readonly port: number
}

/** Rejects when the port is taken. */
export async function listen(
  serve: (request: Request) => Promise<Response>,
  { host = '127.0.0.1', port }: ListenOptions,
): Promise<Listening> {
  const server = createServer(toNodeListener(serve)).listen(port, host)
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${taken}`,
    async close() {
      if (!server.listening) return
      const closed = once(server.close(), 'close')
      // Connections that hang would hold the process.
      server.closeAllConnections()
      await closed
    },
  }
}
