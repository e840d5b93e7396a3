/** What a process costs that has nothing to do. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { queuePeerVersion } from '../queues/queue-peers.ts'
import type { Contender, Scenario } from '../scenario.ts'

const PEERS: Readonly<Record<string, string>> = {
  quarterjack: 'concurrency 100, lease 30 s, LISTEN/NOTIFY',
  'graphile-worker': '24 jobs, localQueue 500: its quietest way',
  'pg-boss': 'one queue, LISTEN/NOTIFY, no supervision and no schedules: its quietest way',
}

export const idle: Scenario = {
  name: 'idle',
  about: 'transactions of one idle worker process, as pg_stat_database counts them; autovacuum is off, since it counts as well',
  rounds: { quick: 1, full: 3 },
  async contenders(stack) {
    const server = await startServer(stack, { autovacuum: 'off' })
    return Object.entries(PEERS).map(
      ([peer, setUp]): Contender => ({
        peer,
        version: queuePeerVersion(peer),
        config: 'one worker process with one job, nothing stored, nothing due',
        setUp,
        isSlow: peer === 'pg-boss',
        measure: onFreshDatabase(server, 'idle/measure.ts', (quick) => [peer, 'watch', quick ? '20' : '90']),
      }),
    )
  },
}
