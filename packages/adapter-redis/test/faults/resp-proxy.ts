/** A TCP proxy between a client and a Redis server: cuts connections at a call of its choice, and swallows what goes through. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { frameEnd } from './resp-frame.ts'

/** `requests` go to the server, `replies` to the client. */
export type Direction = 'requests' | 'replies'

/** When a connection is cut by {@link RespProxy.cutAt}. */
export interface CutPoint {
  /** `request`: before it reaches the server. `reply`: after the server has answered, before the client learns of it. */
  readonly at: 'request' | 'reply'
  /** Only requests that contain one of these texts. */
  readonly containing: readonly string[]
}

/** A running proxy. */
export interface RespProxy extends AsyncDisposable {
  /** The server's URL, by way of the proxy. */
  readonly url: string
  /** Resets all connections, on both sides. */
  cut(): void
  /** New connections go to another server, as when a name is pointed elsewhere. */
  leadTo(url: string): void
  /** Resets the connection of the next request that fits, at that very moment; resolves when it has happened. */
  cutAt(point: CutPoint): Promise<void>
  /** Swallows one direction (default both) until {@link heal}: what is sent is lost, and nobody is told. */
  blackhole(direction?: Direction): void
  /** No more swallowing. Connections that have lost bytes are reset: their streams are broken. */
  heal(): void
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  hasLost: boolean
  /** What has come in, and is no whole message yet. */
  readonly rest: Record<Direction, Buffer>
  /** What is to happen when each of the requests under way is answered, the oldest first. */
  readonly underWay: ((() => void) | null)[]
  /** It hears a channel: its replies have no requests. */
  isDeaf: boolean
}

interface Rules {
  readonly swallowed: Set<Direction>
  readonly cutPoints: (CutPoint & { readonly happened: () => void })[]
}

/** Starts a proxy to the server that `url` names, on a port of its own. */
export async function startRespProxy(url: string): Promise<RespProxy> {
  let target = new URL(url)
  const links = new Set<Link>()
  const rules: Rules = { swallowed: new Set(), cutPoints: [] }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    const rest = { requests: Buffer.alloc(0), replies: Buffer.alloc(0) }
    const link: Link = { client, upstream, hasLost: false, rest, underWay: [], isDeaf: false }
    links.add(link)
    forward(link, 'requests', rules)
    forward(link, 'replies', rules)
    for (const socket of [client, upstream]) {
      socket.on('error', () => reset(link))
      socket.on('close', () => {
        if (client.destroyed && upstream.destroyed) links.delete(link)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const close = async (): Promise<void> => {
    for (const link of links) reset(link)
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    url: own.href,
    cut() {
      for (const link of [...links]) reset(link)
    },
    leadTo(other) {
      target = new URL(other)
    },
    cutAt: (point) => new Promise((resolve) => void rules.cutPoints.push({ ...point, happened: resolve })),
    blackhole(direction) {
      for (const each of direction === undefined ? (['requests', 'replies'] as const) : [direction]) rules.swallowed.add(each)
    },
    heal() {
      rules.swallowed.clear()
      for (const link of links) if (link.hasLost) reset(link)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function forward(link: Link, direction: Direction, rules: Rules): void {
  const [from, to] = direction === 'requests' ? [link.client, link.upstream] : [link.upstream, link.client]
  from.on('data', (chunk: Buffer) => {
    if (rules.swallowed.has(direction)) {
      link.hasLost = true
      return
    }
    link.rest[direction] = Buffer.concat([link.rest[direction], chunk])
    for (let frame = takeFrame(link, direction); frame !== null; frame = takeFrame(link, direction)) {
      if (!passes(link, direction, rules, frame)) return
      to.write(frame)
    }
  })
  from.on('end', () => {
    // Whoever hangs up while the line is dead is not heard either.
    if (rules.swallowed.has(direction)) link.hasLost = true
    else to.end()
  })
}

function takeFrame(link: Link, direction: Direction): Buffer | null {
  const bytes = link.rest[direction]
  const end = bytes.length === 0 ? null : frameEnd(bytes, 0)
  if (end === null) return null
  link.rest[direction] = bytes.subarray(end)
  return bytes.subarray(0, end)
}

/** False when the connection was cut here. */
function passes(link: Link, direction: Direction, { cutPoints }: Rules, frame: Buffer): boolean {
  if (direction === 'replies') {
    const isNews = frame.toString('latin1', 0, 1) === '>'
    const happens = link.isDeaf || isNews ? null : link.underWay.shift()
    if (happens == null) return true
    reset(link)
    happens()
    return false
  }
  if (/^\*\d+\r\n\$9\r\nsubscribe\r\n/i.test(frame.toString('latin1', 0, 40))) link.isDeaf = true
  const index = cutPoints.findIndex(({ containing }) => containing.some((text) => frame.includes(text)))
  const [point] = index < 0 ? [] : cutPoints.splice(index, 1)
  link.underWay.push(point?.at === 'reply' ? point.happened : null)
  if (point?.at !== 'request') return true
  reset(link)
  point.happened()
  return false
}

function reset({ client, upstream }: Link): void {
  for (const socket of [client, upstream]) if (!socket.destroyed) socket.resetAndDestroy()
}
