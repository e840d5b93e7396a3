/** A handler behind a real server of node:http. */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { onTestFinished } from 'vitest'

/** Its address; the server is gone at the end of the test. */
export async function listening(listener: RequestListener): Promise<{ readonly url: string; readonly port: number }> {
  const server = createServer(listener)
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${port}`, port }
}

/** Sends bytes as they are, and answers with what comes back until the other side closes. */
export function sendRaw(port: number, bytes: string, more?: (write: (text: string) => void) => void): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      more?.((text) => void socket.write(text))
    })
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

/** The status of a raw answer; 0 when there was none. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
}
