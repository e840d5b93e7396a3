/** A server in a process of its own: answers `{"ok":true}`, after the milliseconds that the query asks for. Prints its port. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  request.resume()
  const waitMs = Number(/wait=(\d+)/.exec(request.url ?? '')?.[1] ?? 0)
  const answer = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
  if (waitMs === 0) answer()
  else setTimeout(answer, waitMs)
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 2_000 }, () => console.log((server.address() as AddressInfo).port))
