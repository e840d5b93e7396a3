/** A TCP proxy between a client and a server: cuts, delays, swallows and counts what goes through. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** `requests` go to the server, `replies` to the client. */
export type Direction = 'requests' | 'replies'

/** What went through since the last reset. */
export interface ProxyCounts {
  /** Replies that followed a request, whatever the number of packets; connecting and logging in count as well. */
  readonly roundTrips: number
  readonly requestBytes: number
  readonly replyBytes: number
  /** Connections that were made. */
  readonly connections: number
}

/** When a connection is cut by {@link CutProxy.cutAt}. */
export interface CutPoint {
  /** `request`: before it reaches the server. `reply`: after the server has answered, before the client learns of it. */
  readonly at: 'request' | 'reply'
  /** Only requests that contain this text. Default: any. */
  readonly containing?: string
}

/** A running proxy. */
export interface CutProxy extends AsyncDisposable {
  readonly port: number
  /** The server's URL, by way of the proxy. */
  readonly url: string
  /** Connections that are open. */
  readonly open: number
  /** Resets connections, on both sides: all that are open, or only the oldest or newest. */
  cut(which?: 'all' | 'oldest' | 'newest'): void
  /** Resets the connection of the next request that fits, at that very moment; resolves when it has happened. */
  cutAt(point: CutPoint): Promise<void>
  /** Whether new connections are reset at once. */
  refuse(isRefused: boolean): void
  /** Holds every packet of a direction back for so long; order is kept. Without a direction: both. */
  delay(ms: number, direction?: Direction): void
  /** Swallows one direction (default both) until {@link heal}: what is sent is lost, and nobody is told. */
  blackhole(direction?: Direction): void
  /** No more delay, blackhole or refusal. Connections that have lost bytes are reset: their streams are broken. */
  heal(): void
  counts(): ProxyCounts
  resetCounts(): void
  close(): Promise<void>
}

/** Starts a proxy to the server that `url` names, on a port of its own. */
export async function startCutProxy(url: string): Promise<CutProxy> {
  const target = new URL(url)
  const links = new Set<Link>()
  const rules: Rules = { delayMs: { requests: 0, replies: 0 }, swallowed: new Set(), cutPoints: [] }
  const counts = { roundTrips: 0, requestBytes: 0, replyBytes: 0, connections: 0 }
  let isRefused = false

  const server = createServer({ noDelay: true }, (client) => {
    if (isRefused) return void client.resetAndDestroy()
    counts.connections++
    const upstream = connect({ port: Number(target.port), host: target.hostname, noDelay: true })
    const link: Link = {
      client,
      upstream,
      isAsked: false,
      hasLost: false,
      cutOnReply: null,
      tail: '',
      sending: { requests: null, replies: null },
    }
    links.add(link)
    forward({ link, direction: 'requests', rules, counts })
    forward({ link, direction: 'replies', rules, counts })
    for (const socket of [client, upstream]) {
      socket.on('error', () => reset(link))
      socket.on('close', () => {
        if (client.destroyed && upstream.destroyed) links.delete(link)
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const own = new URL(url)
  own.host = `127.0.0.1:${port}`

  const close = async (): Promise<void> => {
    for (const link of links) reset(link)
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    port,
    url: own.href,
    get open() {
      return links.size
    },
    cut(which = 'all') {
      const all = [...links]
      for (const link of which === 'all' ? all : which === 'oldest' ? all.slice(0, 1) : all.slice(-1)) reset(link)
    },
    cutAt: (point) => new Promise((resolve) => void rules.cutPoints.push({ ...point, happened: resolve })),
    refuse(value) {
      isRefused = value
    },
    delay(ms, direction) {
      for (const each of direction === undefined ? DIRECTIONS : [direction]) rules.delayMs[each] = ms
    },
    blackhole(direction) {
      for (const each of direction === undefined ? DIRECTIONS : [direction]) rules.swallowed.add(each)
    },
    heal() {
      isRefused = false
      rules.delayMs = { requests: 0, replies: 0 }
      rules.swallowed.clear()
      for (const link of links) if (link.hasLost) reset(link)
    },
    counts: () => ({ ...counts }),
    resetCounts: () => void Object.assign(counts, { roundTrips: 0, requestBytes: 0, replyBytes: 0, connections: 0 }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

const DIRECTIONS: readonly Direction[] = ['requests', 'replies']

interface Link {
  readonly client: Socket
  readonly upstream: Socket
  /** A request went through that was not answered yet. */
  isAsked: boolean
  hasLost: boolean
  /** The reply that comes now is lost, and this is called at its end. */
  cutOnReply: (() => void) | null
  /** The last bytes of that reply so far. */
  tail: string
  /** What is held back, so that nothing overtakes it. */
  readonly sending: Record<Direction, Promise<void> | null>
}

interface Rules {
  delayMs: Record<Direction, number>
  readonly swallowed: Set<Direction>
  readonly cutPoints: (CutPoint & { readonly happened: () => void })[]
}

interface Way {
  readonly link: Link
  readonly direction: Direction
  readonly rules: Rules
  readonly counts: { -readonly [K in keyof ProxyCounts]: ProxyCounts[K] }
}

function forward(way: Way): void {
  const { link, direction } = way
  const [from, to] = direction === 'requests' ? [link.client, link.upstream] : [link.upstream, link.client]
  from.on('data', (chunk: Buffer) => {
    if (isCut(way, chunk)) return
    count(way, chunk)
    if (way.rules.swallowed.has(direction)) {
      link.hasLost = true
      return
    }
    send(way, () => void to.write(chunk))
  })
  from.on('end', () => {
    // Whoever hangs up while the line is dead is not heard either.
    if (way.rules.swallowed.has(direction)) link.hasLost = true
    else send(way, () => void to.end())
  })
}

/** At once, or after the delay, behind what is held back already. */
function send({ link, direction, rules }: Way, deliver: () => void): void {
  const before = link.sending[direction]
  const ms = rules.delayMs[direction]
  if (before === null && ms === 0) return deliver()
  const waited = new Promise((resolve) => setTimeout(resolve, ms).unref())
  const sent = Promise.all([before, waited]).then(() => {
    deliver()
    if (link.sending[direction] === sent) link.sending[direction] = null
  })
  link.sending[direction] = sent
}

/** How Postgres ends its reply, after the commit: ready for the next query, and whether a transaction is open. Rows come before. */
const READY = ['I', 'T', 'E'].map((state) => `Z\0\0\0\u0005${state}`)
const READY_LENGTH = 6

function isCut({ link, direction, rules }: Way, chunk: Buffer): boolean {
  if (direction === 'replies') {
    if (link.cutOnReply === null) return false
    link.tail = (link.tail + chunk.toString('latin1')).slice(-READY_LENGTH)
    if (!READY.includes(link.tail)) return true
    reset(link)
    link.cutOnReply()
    return true
  }
  const index = rules.cutPoints.findIndex(({ containing }) => containing === undefined || chunk.includes(containing))
  const [point] = index < 0 ? [] : rules.cutPoints.splice(index, 1)
  if (point === undefined) return false
  if (point.at === 'reply') {
    link.cutOnReply = point.happened
    return false
  }
  reset(link)
  point.happened()
  return true
}

function count({ link, direction, counts }: Way, chunk: Buffer): void {
  if (direction === 'requests') {
    counts.requestBytes += chunk.length
    link.isAsked = true
    return
  }
  counts.replyBytes += chunk.length
  if (link.isAsked) counts.roundTrips++
  link.isAsked = false
}

function reset({ client, upstream }: Link): void {
  for (const socket of [client, upstream]) if (!socket.destroyed) socket.resetAndDestroy()
}
