/** A process is killed while it works: how long until another one has its run. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { bullmqSetUp } from '../redis/bullmq-options.ts'
import { clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

interface Row {
  readonly peer: string
  readonly leaseMs: number
  readonly config: string
  readonly setUp: string
  readonly isSlow: boolean
}

const DEFAULT = 'lease 30 s, the default'
const SHORT = 'a short lease'
const OURS = 'short lease: 4 s; the bound is lease + 1 s'

const ON_PG: readonly Row[] = [
  { peer: 'quarterjack', leaseMs: 30_000, config: DEFAULT, setUp: OURS, isSlow: false },
  { peer: 'quarterjack', leaseMs: 4_000, config: SHORT, setUp: OURS, isSlow: false },
  {
    peer: 'pg-boss',
    leaseMs: 10_000,
    config: SHORT,
    setUp: 'heartbeat 10 s (its least), supervised and monitored every second, polled every 0.5 s',
    isSlow: true,
  },
]

function onRedis(): readonly Row[] {
  const ours = `${OURS}; on Redis ${clientVersion('quarterjack')}`
  const bullmq = `${bullmqSetUp()}; lock 30 s and a look for stalled jobs every 30 s, its defaults; short lease: lock 4 s, a look every second`
  return [
    { peer: 'quarterjack', leaseMs: 30_000, config: DEFAULT, setUp: ours, isSlow: false },
    { peer: 'bullmq', leaseMs: 30_000, config: DEFAULT, setUp: bullmq, isSlow: true },
    { peer: 'quarterjack', leaseMs: 4_000, config: SHORT, setUp: ours, isSlow: false },
    { peer: 'bullmq', leaseMs: 4_000, config: SHORT, setUp: bullmq, isSlow: false },
  ]
}

const SCRIPT = 'takeover/measure.ts'
const PROCESSES = 'two processes, one run, killed at any moment between two renewals'

export const takeover: Scenario = {
  name: 'takeover',
  about: 'from kill -9 of a process that executes a run to the start of that run in another (graphile-worker: 4 h, fixed)',
  rounds: { quick: 1, full: 5 },
  async contenders(stack, choices) {
    const server = await startServer(stack)
    await printServer(choices)
    const argsOf =
      ({ peer, leaseMs }: Row) =>
      (): readonly string[] => [peer, 'watch', String(leaseMs)]
    return [
      ...ON_PG.map(
        (row): Contender => ({
          ...row,
          version: versionOf(row.peer),
          config: `Postgres, ${row.config}; ${PROCESSES}`,
          measure: onFreshDatabase(server, SCRIPT, argsOf(row)),
        }),
      ),
      ...onRedis().map(
        (row): Contender => ({
          ...row,
          version: redisPeerVersion(row.peer),
          config: `${persistenceOf(choices)}, ${row.config}; ${PROCESSES}`,
          measure: onFreshServer(choices, SCRIPT, argsOf(row)),
        }),
      ),
    ]
  },
}
