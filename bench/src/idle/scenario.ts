/** What a process costs that has nothing to do. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { pgQueueVersion } from '../queues/queue-peers.ts'
import { bullmqSetUp } from '../redis/bullmq-options.ts'
import { clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'

const ON_PG: Readonly<Record<string, string>> = {
  quarterjack: 'concurrency 100, lease 30 s, LISTEN/NOTIFY',
  'graphile-worker': '24 jobs, localQueue 500: its quietest way',
  'pg-boss': 'one queue, LISTEN/NOTIFY, no supervision and no schedules: its quietest way',
}

function onRedis(): Readonly<Record<string, string>> {
  return {
    quarterjack: `concurrency 100, lease 30 s; on Redis ${clientVersion('quarterjack')}`,
    bullmq: bullmqSetUp(),
  }
}

const CONFIG = 'one worker process with one job, nothing stored, nothing due'
const SCRIPT = 'idle/measure.ts'

export const idle: Scenario = {
  name: 'idle',
  about:
    'what one idle worker process asks: of Postgres, transactions as pg_stat_database counts them (autovacuum is off, since it counts as well); of Redis, commands that it sends, as MONITOR shows them, and that the server executes, as INFO commandstats counts them',
  rounds: { quick: 1, full: 3 },
  async contenders(stack, choices) {
    const server = await startServer(stack, { autovacuum: 'off' })
    await printServer(choices)
    return [
      ...Object.entries(ON_PG).map(
        ([peer, setUp]): Contender => ({
          peer,
          version: pgQueueVersion(peer),
          config: `Postgres, ${CONFIG}`,
          setUp,
          isSlow: peer === 'pg-boss',
          measure: onFreshDatabase(server, SCRIPT, (quick) => [peer, 'watch', quick ? '20' : '90']),
        }),
      ),
      ...Object.entries(onRedis()).map(
        ([peer, setUp]): Contender => ({
          peer,
          version: redisPeerVersion(peer),
          config: `${persistenceOf(choices)}, ${CONFIG}`,
          setUp,
          measure: onFreshServer(choices, SCRIPT, (quick) => [peer, 'watch', quick ? '60' : '180']),
        }),
      ),
    ]
  },
}
