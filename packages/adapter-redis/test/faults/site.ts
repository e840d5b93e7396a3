/** A store on a real server, real processes that share it, and the record of what they did. */
import { randomBytes } from 'node:crypto'
import { createSite } from '@quarterjack/fault-kit/create-site'
import type { Site, WorkerOptions } from '@quarterjack/fault-kit/site'
import { startWorker } from '@quarterjack/fault-kit/start-worker'
import type { JobPlan } from '@quarterjack/fault-kit/worker-plan'
import { redisStore } from '../../src/index.ts'
import { createScripts } from '../../src/scripts/scripts.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { openEffects } from './effects.ts'
import { openLine } from './line.ts'
import { lookBy } from './look.ts'
import { openClient } from './open-client.ts'
import type { RedisWorkerPlan } from './worker-plan.ts'

const PROGRAM = new URL('./worker.ts', import.meta.url).pathname

/** What is special to one worker. */
export type RedisWorkerOptions = WorkerOptions & Partial<Pick<RedisWorkerPlan, 'client'>>

/** Everything of one test. Workers without a client of their own take turns: node-redis, ioredis, … */
export interface RedisSite extends Site<RedisWorkerOptions> {
  readonly prefix: string
}

/** Fresh keys, and `jobs` for whoever is started. */
export async function createRedisSite(server: RedisServer, jobs: readonly JobPlan[]): Promise<RedisSite> {
  const prefix = `site-${randomBytes(4).toString('hex')}`
  const recorder = await startRedis()
  const record = { url: recorder.url, key: prefix }
  const effects = await openEffects(record)
  const { client, end } = await openClient('node-redis', server.url, 'site')
  const store = redisStore({ client, prefix })
  const names = jobs.map(({ name }) => name)
  // A call is found on its way by the hash of its script: from the first one on.
  for (const { source } of Object.values(createScripts())) await server.ask('SCRIPT', 'LOAD', source)

  const site = createSite<RedisWorkerOptions>({
    store,
    effects,
    look: lookBy(store, names),
    jobs,
    startWorker(name, options, nth) {
      const turn = nth % 2 === 0 ? 'node-redis' : 'ioredis'
      const plan: RedisWorkerPlan = { name, client: turn, storeUrl: server.url, prefix, record, jobs, ...options }
      return startWorker(PROGRAM, plan)
    },
    openLine: () => openLine(server.url),
    serverErrors: () => errorsOf(server),
    async close() {
      end()
      await effects.close()
      await recorder.close()
    },
  })
  return { ...site, prefix }
}

/** Errors that the server answered with since it was started, by their first word; a script that it did not know is none. */
async function errorsOf(server: RedisServer): Promise<readonly string[]> {
  const stats = String(await server.ask('INFO', 'errorstats', 'commandstats'))
  const count = (pattern: RegExp): number => [...stats.matchAll(pattern)].reduce((sum, [, found]) => sum + Number(found), 0)
  const words = [...stats.matchAll(/errorstat_(\w+):/g)]
    .map(([, word = '']) => word)
    .filter((word) => word !== 'NOSCRIPT' && word !== 'ERR')
  // Clients ask for what older servers do not have. Of scripts, whatever is not told by another word is a fault.
  const failed = count(/cmdstat_eval(?:sha)?:.*?failed_calls=(\d+)/g)
  return failed > count(/errorstat_(?!ERR)\w+:count=(\d+)/g) ? [...words, 'ERR'] : words
}
