/** Entry `@quarterjack/adapter-redis`: the Redis store. */

// The store.
export { redisStore } from './redis-store.ts'
export type { RedisStore } from './redis-store.ts'
export { REDIS_STORE_DEFAULTS } from './options.ts'
export type { RedisStoreOptions } from './options.ts'
export type { HintStatus } from './hints/hints.ts'

// What it needs of the user's client.
export type { RedisStoreClient } from './client/recognize.ts'
export type { NodeRedisClient } from './client/node-redis-shape.ts'
export type { IoRedisClient } from './client/ioredis-shape.ts'
