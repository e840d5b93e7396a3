/** A server that listens, and can be closed for good. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Listening {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

/** Rejects when the port is taken. */
export function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      const { port: taken } = server.address() as AddressInfo
      resolve({ url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${taken}`, close: () => close(server) })
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is that it was closed before.
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
