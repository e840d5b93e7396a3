/** The clients that the store can be given, each connected to a server. */
import { Redis } from 'ioredis'
import Redis5 from 'ioredis-5'
import { createClient, createClientPool } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import type { RedisStoreClient } from '../../src/index.ts'
import type { ServerAddress } from '../servers/ask-server.ts'

/** A user's client. */
export interface OpenClient {
  readonly client: RedisStoreClient
  end(): unknown
}

/** One way to make a client. */
export interface ClientKind {
  readonly name: string
  /** Connected, if the server takes it. */
  open(server: ServerAddress): Promise<OpenClient>
}

const ignore = (): void => undefined

const urlOf = ({ port, username = '', password }: ServerAddress): string =>
  `redis://${password === undefined ? '' : `${username}:${encodeURIComponent(password)}@`}127.0.0.1:${port}`

/** What node-redis makes connects when it is told to, and goes on trying whatever was wrong. */
async function openNodeRedis<Client extends RedisStoreClient & NodeRedisLife>(client: Client): Promise<OpenClient> {
  client.on('error', ignore)
  const connected = client.connect()
  connected.catch(ignore)
  await Promise.race([connected, new Promise((resolve) => setTimeout(resolve, 300))])
  return { client, end: () => client.isOpen && client.destroy() }
}

interface NodeRedisLife {
  readonly isOpen: boolean
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}

function openIoRedis(client: RedisStoreClient & { on(event: 'error', listener: () => void): unknown; disconnect(): void }): OpenClient {
  client.on('error', ignore)
  return { client, end: () => client.disconnect() }
}

/** Single servers; clusters and sentinels have tests of their own. */
export const CLIENTS: readonly ClientKind[] = [
  { name: 'redis 6', open: (server) => openNodeRedis(createClient({ url: urlOf(server) })) },
  { name: 'redis 6, RESP2', open: (server) => openNodeRedis(createClient({ url: urlOf(server), RESP: 2 })) },
  { name: 'redis 6, pool', open: (server) => openNodeRedis(createClientPool({ url: urlOf(server) })) },
  { name: 'redis 5', open: (server) => openNodeRedis(createClient5({ url: urlOf(server) })) },
  { name: 'ioredis 6', open: async (server) => openIoRedis(new Redis(urlOf(server))) },
  { name: 'ioredis 6, auto-pipelining', open: async (server) => openIoRedis(new Redis(urlOf(server), { enableAutoPipelining: true })) },
  { name: 'ioredis 6, lazy', open: async (server) => openIoRedis(new Redis(urlOf(server), { lazyConnect: true })) },
  { name: 'ioredis 5', open: async (server) => openIoRedis(new Redis5.default(urlOf(server))) },
]
