/** An aggregation endpoint that remembers who called it, and can be told not to answer. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingApi {
  readonly url: string
  /** The `Idempotency-Key` of each call, in order. */
  readonly calls: string[]
  /** From now on calls stay open, until `answer()`. */
  hang(): void
  /** Calls that are open. */
  readonly open: readonly string[]
  answer(): void
  close(): Promise<void>
}

const SUMMARY = { status: 'ok', modelVersion: 1, events: 1, newEvents: 1, weights: 1, changed: 1 }

export async function startCountingApi(): Promise<CountingApi> {
  const calls: string[] = []
  const open = new Map<ServerResponse, string>()
  let isHanging = false
  const reply = (response: ServerResponse): void => void response.setHeader('content-type', 'application/json').end(JSON.stringify(SUMMARY))
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'])
    calls.push(key)
    if (!isHanging) return reply(response)
    open.set(response, key)
    response.on('close', () => open.delete(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/aggregate`,
    calls,
    hang() {
      isHanging = true
    },
    get open() {
      return [...open.values()]
    },
    answer() {
      isHanging = false
      for (const response of open.keys()) reply(response)
    },
    async close() {
      const closed = once(server.close(), 'close')
      server.closeAllConnections()
      await closed
    },
  }
}
