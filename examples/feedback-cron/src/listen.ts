/** Serves a Hono app over HTTP, and can be closed for good. */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** A server that accepts connections. */
export interface Listening {
  /** `http://127.0.0.1:8003`, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

/** Listens on `host` (default: loopback only) and `port` (0: any free one). Rejects when the port is taken. */
export function listen(app: Hono, { host = '127.0.0.1', port }: { readonly host?: string; readonly port: number }): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, (info) => {
      server.removeListener('error', reject)
      resolve({ url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${info.port}`, close: () => close(server as Server) })
    })
    server.once('error', reject)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is that it was closed before.
    server.close(() => resolve())
    // Kept-alive and hanging connections would hold the process.
    server.closeAllConnections()
  })
}
