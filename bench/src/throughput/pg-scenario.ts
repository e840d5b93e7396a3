/** No-op jobs through one worker process, and jobs stored one by one, by many callers and in bulk. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { QUEUE_PEERS, pgQueueVersion } from '../queues/queue-peers.ts'
import { inOwnProcess, type Contender, type Scenario } from '../scenario.ts'

const SET_UPS: Readonly<Record<string, string>> = {
  quarterjack: 'concurrency 100, pool of 10, history kept',
  'graphile-worker':
    '24 jobs, pool of 25, localQueue 500 (refetch after 10 ms), completions batched without delay, no log; keeps no history',
  'pg-boss': 'batches of 1,000 in 4 workers, burst, one outcome per batch, no supervision; bulk in chunks of 10,000; history kept',
  bare: 'claim and settle in statements of 500, two under way; history kept, 5 indexes; bulk in statements of 1,000',
}

const SCRIPT = 'throughput/measure.ts'

export const pgThroughput: Scenario = {
  name: 'pg-throughput',
  about: 'no-op jobs on Postgres: drained by one worker process, and stored',
  rounds: { quick: 1, full: 5 },
  async contenders(stack) {
    const server = await startServer(stack)
    const peers = Object.keys(QUEUE_PEERS.postgres)
    const drained = ['20,000', '100,000'].flatMap((count) =>
      peers.map(
        (peer): Contender => ({
          peer,
          version: pgQueueVersion(peer),
          config: `${count} no-op jobs stored before, after 2,000 to warm up; one job, no keys, payload {"n": …}; one worker process`,
          setUp: SET_UPS[peer] ?? '',
          isSlow: count === '100,000',
          async measure() {
            await using database = await server.createDatabase()
            const args = (phase: string): readonly string[] => [peer, phase, count.replace(',', ''), database.url]
            await inOwnProcess(SCRIPT, args('fill'))
            return await inOwnProcess(SCRIPT, args('drain'))
          },
        }),
      ),
    )
    const stored = peers.map(
      (peer): Contender => ({
        peer,
        version: pgQueueVersion(peer),
        config:
          'triggers of one process, no worker: 1,000 awaited one by one; 5,000 by 50 concurrent callers; in bulk a call of 20,000, then three more',
        setUp: SET_UPS[peer] ?? '',
        measure: onFreshDatabase(server, SCRIPT, () => [peer, 'enqueue', '20000']),
      }),
    )
    return [...drained, ...stored]
  },
}
