/** Redis, for the suites of faults. */
import type { Ground } from '@quarterjack/fault-kit/ground'
import { startRedis, type RedisServerOptions } from '../servers/redis.ts'
import { createRedisSite } from './site.ts'

/** What is acknowledged is on disk. */
export const DURABLE = { appendOnly: true, config: ['appendfsync always'] } as const

/** By default one on which what is acknowledged survives a crash. */
export function redisGround(options: RedisServerOptions = DURABLE): Ground {
  return {
    name: 'Redis',
    errorsOnReturn: /^LOADING$/,
    async startServer() {
      const server = await startRedis(options)
      return {
        createSite: (jobs) => createRedisSite(server, jobs),
        crash: () => server.kill(),
        start: () => server.start(),
        [Symbol.asyncDispose]: () => server.close(),
      }
    },
  }
}
