/** What clients of `redis` (node-redis) look like to the store. */
import type { Emitter } from './connection.ts'

/** What `createClient`, `createCluster`, `createSentinel` and `createClientPool` of `redis` return, as far as the store's options ask. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  // As node-redis declares them: mutable lists, of which it changes none.
  evalSha(sha: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** What all four have beside that. */
export interface NodeRedisBase extends NodeRedisClient, Emitter {
  withCommandOptions(options: object): NodeRedisClient
}

/** Options of a client, as far as they matter here. */
export interface NodeRedisOptions {
  readonly socket?: object
  readonly keyPrefix?: unknown
}

/** `createClient(…)`. */
export interface NodeRedisSingle extends NodeRedisBase {
  readonly isReady: boolean
  readonly options?: NodeRedisOptions
  duplicate(overrides?: object): NodeRedisSingle
  connect(): Promise<unknown>
  destroy(): void
  unref(): void
  ping(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  sendCommand(args: readonly string[], options?: object): Promise<unknown>
}

/** `createCluster(…)`. */
export interface NodeRedisCluster extends NodeRedisBase {
  /** By slot. */
  readonly slots: readonly ({ readonly master: NodeRedisClusterNode } | undefined)[]
  readonly masters: readonly NodeRedisClusterNode[]
  nodeClient(node: NodeRedisClusterNode): NodeRedisSingle | Promise<NodeRedisSingle>
}

/** A node of a cluster; its client is made when it is needed. */
export interface NodeRedisClusterNode {
  readonly client?: NodeRedisSingle
}

/** `createSentinel(…)`. */
export interface NodeRedisSentinel extends NodeRedisBase {
  readonly isReady: boolean
  sendCommand(isReadonly: boolean, args: readonly string[], options?: object): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>
}

/** `createClientPool(…)`. */
export interface NodeRedisPool extends NodeRedisBase {
  execute<T>(work: (client: NodeRedisSingle) => T | Promise<T>): Promise<T>
}

/** Which of them it is. */
export type AnyNodeRedis =
  | { readonly form: 'client'; readonly client: NodeRedisSingle }
  | { readonly form: 'cluster'; readonly client: NodeRedisCluster }
  | { readonly form: 'sentinel'; readonly client: NodeRedisSentinel }
  | { readonly form: 'pool'; readonly client: NodeRedisPool }

/** Null for what is none of them. */
export function asNodeRedis(value: object): AnyNodeRedis | null {
  if (!hasMethods(value, 'evalSha', 'withCommandOptions', 'on') || !('isOpen' in value)) return null
  if (hasMethods(value, 'nodeClient')) return { form: 'cluster', client: value as NodeRedisCluster }
  if (hasMethods(value, 'getMasterNode', 'subscribe')) return { form: 'sentinel', client: value as NodeRedisSentinel }
  if (hasMethods(value, 'execute')) return { form: 'pool', client: value as NodeRedisPool }
  return hasMethods(value, 'duplicate', 'connect', 'subscribe') ? { form: 'client', client: value as NodeRedisSingle } : null
}

function hasMethods(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}
