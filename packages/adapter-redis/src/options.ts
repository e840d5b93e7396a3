/** Options of {@link redisStore}: checked, defaulted, frozen. */
import { checkedOptions, type NameHints, QuarterjackError } from '@quarterjack/core/store'
import * as z from 'zod/mini'
import { keyOf } from './client/key-space.ts'
import { clientProblem, createRedisClient, isRedisClient, type RedisStoreClient } from './client/recognize.ts'
import type { RedisClient } from './client/redis-client.ts'
import type { HintMode } from './hints/hints.ts'

/** What {@link redisStore} takes. */
export interface RedisStoreOptions {
  /**
   * A connected client, which stays the user's to end: of `redis` 5 or 6 (`createClient`, `createCluster`,
   * `createSentinel`, `createClientPool`) or of `ioredis` 5 or 6 (`new Redis`, `new Cluster`). The store sends its
   * commands over it, and opens one connection more like it, for hints.
   */
  readonly client: RedisStoreClient
  /**
   * What the store's keys begin with, in braces: `{quarterjack}:`. 1 to 100 letters, digits, `_`, `.`, `:` and `-`.
   * Processes share work when they share the database and the prefix. Default `quarterjack`.
   */
  readonly prefix?: string
  /**
   * Whether to hear from other processes that there is work, which saves the wait for the next poll. `auto`: where it can
   * work, in silence where it cannot. True: the same, and a process warning where it cannot. False: do not listen.
   * Default `auto`.
   */
  readonly hints?: boolean | 'auto'
}

/** What {@link redisStore} takes for granted. */
export const REDIS_STORE_DEFAULTS = { prefix: 'quarterjack', hints: 'auto' } as const

export interface ResolvedRedisStoreOptions {
  readonly client: RedisClient
  readonly prefix: string
  readonly hints: HintMode
}

const optionsSchema = z.strictObject({
  client: z.custom<RedisStoreClient>().check((found) => {
    const message = clientProblem(found.value)
    if (message !== null) found.issues.push({ code: 'custom', input: found.value, message })
  }),
  prefix: z.optional(
    z.string().check(z.regex(/^[\w.:-]+$/, 'use letters, digits, "_", ".", ":" and "-"'), z.maxLength(100, 'use at most 100 characters')),
  ),
  hints: z.optional(z.union([z.boolean(), z.literal('auto')], 'use true, false or "auto"')),
})

/** What people try, and what it is called here. */
const HINTS: NameHints = {
  redis: 'write client',
  connection: 'write client',
  pool: 'write client: createClientPool(…)',
  url: 'write client: createClient({ url })',
  host: 'write client: new Redis({ host })',
  keyPrefix: 'write prefix',
  namespace: 'write prefix',
  schema: 'write prefix',
}

/** Throws `InvalidOption` and names every problem. */
export function resolveRedisStoreOptions(options: RedisStoreOptions): ResolvedRedisStoreOptions {
  if (isRedisClient(options)) throw new QuarterjackError('InvalidOption', 'redisStore: this is a client. Write redisStore({ client }).')
  const {
    client,
    prefix = REDIS_STORE_DEFAULTS.prefix,
    hints = REDIS_STORE_DEFAULTS.hints,
  } = checkedOptions(optionsSchema, options, { what: 'redisStore', hints: HINTS })
  return Object.freeze({ client: createRedisClient(client, keyOf(prefix, '')), prefix, hints })
}
