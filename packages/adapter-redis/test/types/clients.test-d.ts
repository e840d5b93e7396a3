/** The real clients; apart from the tests of the public types, which know none of them. */
import { Cluster, Redis } from 'ioredis'
import Redis5 from 'ioredis-5'
import { createClient, createClientPool, createCluster, createSentinel, RESP_TYPES } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import { describe, expectTypeOf, it } from 'vitest'
import { redisStore, type RedisStore, type RedisStoreClient } from '../../src/index.ts'

describe('the client', () => {
  it('may be any that the packages make', () => {
    expectTypeOf(redisStore({ client: createClient() })).toEqualTypeOf<RedisStore>()
    redisStore({ client: createClient({ RESP: 2 }) })
    redisStore({ client: createClient().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) })
    redisStore({ client: createClientPool() })
    redisStore({ client: createCluster({ rootNodes: [] }) })
    redisStore({ client: createSentinel({ name: 'jobs', sentinelRootNodes: [] }) })
    redisStore({ client: createClient5() })
    redisStore({ client: new Redis() })
    redisStore({ client: new Cluster([]) })
    redisStore({ client: new Redis5.default() })
  })

  it('is what it says', () => {
    expectTypeOf<ReturnType<typeof createClient>>().toExtend<RedisStoreClient>()
    // @ts-expect-error A transaction is no client.
    redisStore({ client: new Redis().multi() })
    // @ts-expect-error Nor is a URL.
    redisStore({ client: 'redis://localhost' })
  })
})
