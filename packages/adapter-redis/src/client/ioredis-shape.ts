/** What clients of `ioredis` look like to the store. */
import type { Emitter } from './connection.ts'

/** What `new Redis(…)` and `new Cluster(…)` of `ioredis` return, as far as the store's options ask. */
export interface IoRedisClient {
  readonly status: string
  evalsha(sha: string, numberOfKeys: number, ...keysAndArgs: string[]): Promise<unknown>
  eval(script: string, numberOfKeys: number, ...keysAndArgs: string[]): Promise<unknown>
}

/** Options of a client, as far as they matter here. */
export interface IoRedisOptions {
  readonly host?: string
  readonly port?: number
  readonly keyPrefix?: unknown
  readonly stringNumbers?: unknown
  readonly enableAutoPipelining?: unknown
  readonly redisOptions?: IoRedisOptions
}

/** What both have beside that. */
export interface IoRedisBase extends IoRedisClient, Emitter {
  readonly options: IoRedisOptions
  connect(): Promise<unknown>
  pipeline(commands: readonly (readonly (string | number)[])[]): {
    exec(): Promise<readonly (readonly [Error | null, unknown])[] | null>
  }
}

/** `new Redis(…)`, to a server or by way of sentinels. */
export interface IoRedisSingle extends IoRedisBase {
  readonly isCluster?: false
  readonly mode?: 'normal' | 'subscriber' | 'monitor'
  readonly stream?: { unref?(): unknown }
  duplicate(overrides: object): IoRedisSingle
  disconnect(): void
  call(command: string, ...args: readonly string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
}

/** `new Cluster(…)`. */
export interface IoRedisCluster extends IoRedisBase {
  readonly isCluster: true
  /** By slot, `host:port` of its nodes, the primary first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'master'): readonly IoRedisSingle[]
}

/** Null for what is neither. */
export function asIoRedis(value: object): IoRedisSingle | IoRedisCluster | null {
  const { isPipeline } = value as { readonly isPipeline?: unknown }
  const isClient =
    isPipeline !== true &&
    hasMethods(value, 'evalsha', 'eval', 'pipeline', 'duplicate', 'connect', 'on') &&
    typeof (value as { readonly status?: unknown }).status === 'string' &&
    typeof (value as { readonly options?: unknown }).options === 'object'
  return isClient ? (value as IoRedisSingle | IoRedisCluster) : null
}

function hasMethods(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
}
