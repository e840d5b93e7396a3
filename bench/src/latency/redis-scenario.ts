/** The same on Redis: how long an idle worker in another process takes to begin a job that was triggered. */
import { QUEUE_PEERS } from '../queues/queue-peers.ts'
import { bullmqSetUp } from '../redis/bullmq-options.ts'
import { chosenPeers, clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'

function setUpOf(peer: string): string {
  if (peer === 'bullmq') return bullmqSetUp()
  if (peer.startsWith('quarterjack')) return `concurrency 100, ${clientVersion(peer)}; the last 10 succeeded runs kept, its default`
  return 'one script enqueues and publishes; SUBSCRIBE, then one claim; the last 10 kept'
}

export const redisLatency: Scenario = {
  name: 'redis-latency',
  about: 'from the call of trigger to the first line of the handler, which an idle worker in another process runs, on Redis',
  rounds: { quick: 1, full: 5 },
  async contenders(_stack, choices) {
    await printServer(choices)
    return chosenPeers(Object.keys(QUEUE_PEERS.redis), choices).map(
      (peer): Contender => ({
        peer,
        version: redisPeerVersion(peer),
        config: `300 triggers one by one, 20–60 ms apart, after 30 to warm up; one job, no keys, payload {"n": …}; one process triggers, one works; ${persistenceOf(choices)}`,
        setUp: setUpOf(peer),
        measure: onFreshServer(choices, 'latency/measure.ts', () => [peer, 'trigger', '300']),
      }),
    )
  },
}
