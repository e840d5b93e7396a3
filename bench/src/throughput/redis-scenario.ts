/** The same on Redis: no-op jobs through one worker process, and jobs stored one by one, by many callers and in bulk. */
import { QUEUE_PEERS } from '../queues/queue-peers.ts'
import { bullmqSetUp } from '../redis/bullmq-options.ts'
import { chosenPeers, clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer, withServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'

const SCRIPT = 'throughput/measure.ts'

function setUpOf(peer: string): string {
  if (peer === 'bullmq') return `${bullmqSetUp()}, bulk in chunks of 1,000`
  if (peer.startsWith('quarterjack')) return `concurrency 100, ${clientVersion(peer)}; the last 10 succeeded runs kept, its default`
  return 'claim and settle in scripts of 500, two under way; the last 10 kept; bulk in scripts of 1,000'
}

export const redisThroughput: Scenario = {
  name: 'redis-throughput',
  about: 'no-op jobs on Redis: drained by one worker process, and stored',
  rounds: { quick: 1, full: 5 },
  async contenders(_stack, choices) {
    await printServer(choices)
    const peers = chosenPeers(Object.keys(QUEUE_PEERS.redis), choices)
    const persistence = persistenceOf(choices)
    const drained = ['20,000', '200,000'].flatMap((count) =>
      peers.map(
        (peer): Contender => ({
          peer,
          version: redisPeerVersion(peer),
          config: `${count} no-op jobs stored before, after 10,000 to warm up; one job, no keys, payload {"n": …}; one worker process; ${persistence}`,
          setUp: setUpOf(peer),
          isSlow: count === '200,000',
          measure: () =>
            withServer(choices, async (run) => {
              const args = (phase: string): readonly string[] => [peer, phase, count.replace(',', '')]
              await run(SCRIPT, args('fill'))
              return await run(SCRIPT, args('drain'))
            }),
        }),
      ),
    )
    const stored = peers.map(
      (peer): Contender => ({
        peer,
        version: redisPeerVersion(peer),
        config: `triggers of one process, no worker: 2,500 awaited one by one; 12,500 by 50 concurrent callers; in bulk a call of 50,000, then three more; ${persistence}`,
        setUp: setUpOf(peer),
        measure: onFreshServer(choices, SCRIPT, () => [peer, 'enqueue', '50000']),
      }),
    )
    return [...drained, ...stored]
  },
}
