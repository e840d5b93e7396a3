/** A line to Redis that breaks, goes deaf in one direction, or loses the replies to what was written. */
import { figure } from '@quarterjack/fault-kit/figure'
import { isolateOne, ISOLATED_JOBS } from '@quarterjack/fault-kit/isolate-one'
import { testLines } from '@quarterjack/fault-kit/suites/lines'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE, redisGround } from './ground.ts'
import { createRedisSite } from './site.ts'

testLines(redisGround())

let server: RedisServer
beforeAll(async () => {
  server = await startRedis(DURABLE)
}, 600_000)
afterAll(() => server?.close())

it.each(['node-redis', 'ioredis'] as const)(
  'one process behind %s and a dead line: its run is taken over, and it works again by itself',
  async (client) => {
    await using site = await createRedisSite(server, ISOLATED_JOBS)
    await using line = await site.openLine()
    const { takeoverMs, toldMs } = await isolateOne(site, { line, options: { client } })
    expect(takeoverMs).toBeLessThan(LEASE_MS + 1_000)
    expect(toldMs).toBeLessThan(LEASE_MS + 500)
    figure(`one process behind a dead line (${client})`, { 'takeover ms': takeoverMs, 'told ms': toldMs })
  },
)
