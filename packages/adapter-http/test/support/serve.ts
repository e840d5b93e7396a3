/** Real servers on free ports, gone at the end of the test. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { CERT, KEY } from './certificate.ts'

/** A request as it arrived. */
export interface Arrived {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Endpoint {
  readonly url: string
  /** Oldest first. */
  readonly requests: readonly Arrived[]
  /** Sockets that are open right now. */
  readonly sockets: ReadonlySet<Socket>
}

type Answer = (request: Arrived, response: ServerResponse, count: number) => void | Promise<void>

/** An HTTP endpoint. By default it answers 200 `{"ok":true}`. */
export async function serve(answer: Answer = ok): Promise<Endpoint> {
  const requests: Arrived[] = []
  const server = createServer(collect(requests, answer))
  return { url: `http://127.0.0.1:${await listen(server)}`, requests, sockets: socketsOf(server) }
}

/** The same with TLS, and a certificate that is not trusted. */
export async function serveTls(answer: Answer = ok): Promise<Endpoint> {
  const requests: Arrived[] = []
  const server = createTlsServer({ key: KEY, cert: CERT }, collect(requests, answer))
  return { url: `https://localhost:${await listen(server)}`, requests, sockets: socketsOf(server) }
}

/** A port whose connections do as they are told. */
export async function serveRaw(onConnection: (socket: Socket) => void): Promise<Endpoint> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    // Read, or it would never hear that the other side has gone.
    socket.resume()
    onConnection(socket)
  })
  return { url: `http://127.0.0.1:${await listen(server)}`, requests: [], sockets: socketsOf(server) }
}

/** A port on which nothing listens. */
export async function freeUrl(): Promise<string> {
  const server = createTcpServer()
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

function ok(_request: Arrived, response: ServerResponse): void {
  json(response, 200, { ok: true })
}

function collect(requests: Arrived[], answer: Answer): RequestListener {
  return async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const { method = '', url = '', headers } = request
    const arrived = { method, url, headers, body: Buffer.concat(chunks).toString() }
    requests.push(arrived)
    await answer(arrived, response, requests.length)
  }
}

function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return sockets
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, () => resolve((server.address() as AddressInfo).port)))
}
