/** A server that listens, and can be closed for good. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Listening {
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string
  close(): Promise<unknown>
}

/** Rejects when the port is taken. */
export async function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<Listening> {
  await once(server.listen(port, host), 'listening')
  const { port: taken } = server.address() as AddressInfo
  return { url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${taken}`, close: () => once(server.close(), 'close') }
}
