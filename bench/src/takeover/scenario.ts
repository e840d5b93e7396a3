/** A process is killed while it works: how long until another one has its run. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const ROWS = [
  { peer: 'quarterjack', leaseMs: 30_000, config: 'lease 30 s, the default', isSlow: false },
  { peer: 'quarterjack', leaseMs: 4_000, config: 'a short lease', isSlow: false },
  { peer: 'pg-boss', leaseMs: 10_000, config: 'a short lease', isSlow: true },
]

const SET_UPS: Readonly<Record<string, string>> = {
  quarterjack: 'short lease: 4 s; the bound is lease + 1 s',
  'pg-boss': 'heartbeat 10 s (its least), supervised and monitored every second, polled every 0.5 s',
}

export const takeover: Scenario = {
  name: 'takeover',
  about: 'from kill -9 of a process that executes a run to the start of that run in another (graphile-worker: 4 h, fixed)',
  rounds: { quick: 1, full: 5 },
  async contenders(stack) {
    const server = await startServer(stack)
    return ROWS.map(
      ({ peer, leaseMs, config, isSlow }): Contender => ({
        peer,
        version: versionOf(peer),
        config: `${config}; two processes, one run, killed at any moment between two renewals`,
        setUp: SET_UPS[peer] ?? '',
        isSlow,
        measure: onFreshDatabase(server, 'takeover/measure.ts', () => [peer, 'watch', String(leaseMs)]),
      }),
    )
  },
}
