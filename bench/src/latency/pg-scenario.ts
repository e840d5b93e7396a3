/** How long an idle worker in another process takes to begin a job that was triggered. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { QUEUE_PEERS, pgQueueVersion } from '../queues/queue-peers.ts'
import type { Contender, Scenario } from '../scenario.ts'

const SET_UPS: Readonly<Record<string, string>> = {
  quarterjack: 'concurrency 100, pools of 10, LISTEN/NOTIFY, history kept',
  'graphile-worker': '24 jobs, pool of 25, no localQueue (its faster way here), LISTEN/NOTIFY; keeps no history',
  'pg-boss': 'LISTEN/NOTIFY, one job at a time; history kept',
  bare: 'INSERT with pg_notify in one statement; LISTEN, then one claim; history kept, 5 indexes',
}

export const pgLatency: Scenario = {
  name: 'pg-latency',
  about: 'from the call of trigger to the first line of the handler, which an idle worker in another process runs',
  rounds: { quick: 1, full: 5 },
  async contenders(stack) {
    const server = await startServer(stack)
    return Object.keys(QUEUE_PEERS.postgres).map(
      (peer): Contender => ({
        peer,
        version: pgQueueVersion(peer),
        config:
          '300 triggers one by one, 20–60 ms apart, after 30 to warm up; one job, no keys, payload {"n": …}; one process triggers, one works',
        setUp: SET_UPS[peer] ?? '',
        measure: onFreshDatabase(server, 'latency/measure.ts', () => [peer, 'trigger', '300']),
      }),
    )
  },
}
