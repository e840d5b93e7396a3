/** What the user gave as client: which it is, or why it cannot serve. */
import { createIoRedisClient } from './ioredis.ts'
import { asIoRedis, type IoRedisClient, type IoRedisCluster, type IoRedisSingle } from './ioredis-shape.ts'
import { createNodeRedisClient } from './node-redis.ts'
import { type AnyNodeRedis, asNodeRedis, type NodeRedisClient } from './node-redis-shape.ts'
import type { RedisClient } from './redis-client.ts'

/** A client that the store can use. */
export type RedisStoreClient = NodeRedisClient | IoRedisClient

/** Why `value` cannot be the client, as a message that follows its name; null when it can. */
export function clientProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return NO_CLIENT
  const ioRedis = asIoRedis(value)
  if (ioRedis !== null) return ioRedisProblem(ioRedis)
  const nodeRedis = asNodeRedis(value)
  if (nodeRedis !== null) return nodeRedisProblem(nodeRedis)
  return strangerProblem(value)
}

/** Whether it is a client, though perhaps one that cannot serve. */
export function isRedisClient(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (asIoRedis(value) ?? asNodeRedis(value)) !== null
}

/** Of a client without {@link clientProblem}. `key` is one of the store's. */
export function createRedisClient(given: RedisStoreClient, key: string, callMs?: number): RedisClient {
  const ioRedis = asIoRedis(given)
  if (ioRedis !== null) return createIoRedisClient(ioRedis, key, callMs)
  const nodeRedis = asNodeRedis(given)
  if (nodeRedis !== null) return createNodeRedisClient(nodeRedis, key, callMs)
  throw new TypeError(`the client ${NO_CLIENT}`)
}

const NO_CLIENT =
  'must be a client of "redis" (createClient, createCluster, createSentinel or createClientPool) or of "ioredis" (new Redis or new Cluster)'

function ioRedisProblem(client: IoRedisSingle | IoRedisCluster): string | null {
  const { keyPrefix, stringNumbers, redisOptions } = client.options
  if (isGiven(keyPrefix ?? redisOptions?.keyPrefix)) return renames("client.duplicate({ keyPrefix: '' })")
  if (stringNumbers === true || redisOptions?.stringNumbers === true) {
    return 'has the option stringNumbers, and the store needs numbers. Give a client without it: client.duplicate({ stringNumbers: false }).'
  }
  if (client.isCluster === true || client.mode === undefined || client.mode === 'normal') return null
  return `is in ${client.mode} mode, which takes no other commands. Give a client that does not subscribe or monitor: client.duplicate().`
}

function nodeRedisProblem({ client }: AnyNodeRedis): string | null {
  const { _keyPrefix, options, _options } = client as {
    readonly _keyPrefix?: unknown
    readonly options?: { readonly keyPrefix?: unknown }
    readonly _options?: { readonly keyPrefix?: unknown }
  }
  return isGiven(_keyPrefix ?? options?.keyPrefix ?? _options?.keyPrefix) ? renames('client.duplicate({ keyPrefix: undefined })') : null
}

function renames(remedy: string): string {
  return `has a keyPrefix, which would rename the store's keys; give a client without one: ${remedy}. The store has an option "prefix" of its own.`
}

function strangerProblem(value: object): string {
  const { isPipeline, exec, evalSha, evalsha, duplicate, withCommandOptions } = value as Readonly<Record<string, unknown>>
  if (isPipeline === true || typeof exec === 'function') {
    return 'is a transaction or a pipeline, which sends nothing until it is executed. Give the client itself.'
  }
  const isOlder = typeof duplicate === 'function' && (typeof evalSha === 'function' || typeof evalsha === 'function')
  if (isOlder && withCommandOptions === undefined) return 'is of a version that is not supported. Use "redis" 5 or 6, or "ioredis" 5 or 6.'
  return NO_CLIENT
}

function isGiven(prefix: unknown): boolean {
  return prefix !== undefined && prefix !== null && String(prefix) !== ''
}
