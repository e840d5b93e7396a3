/** Schedules on Postgres: many on one instant, many a second, many stored. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const ROWS: readonly { readonly phase: string; readonly config: string; readonly peers?: readonly string[] }[] = [
  { phase: 'ten', config: '10 dynamic schedules (keys) of one job on one instant, every 2 s, one replica; no-op job' },
  {
    phase: 'thousand',
    config:
      '1,000 schedules (keys) of one job on one instant, two replicas, after one instant to warm up; no-op job; ours every 5 s, peers every minute',
    peers: ['graphile-worker', 'pg-boss'],
  },
  {
    phase: 'sustain',
    config:
      '10,000 dynamic schedules (keys) of one job, each every 5 s, spread evenly: 2,000 fires/s, one replica; no-op job; created by one setMany',
  },
  { phase: 'stored-few', config: 'scheduler.tick() with 10 schedules due, 10,000 stored: start, fire, 10 runs, settle, leave' },
  { phase: 'stored-many', config: 'scheduler.tick() with 10 schedules due, 1,000,000 stored (100,000 with --quick)' },
  {
    phase: 'round-trips',
    config: 'one schedule every second, one replica; calls of its pool; callsPerRun: with the renewals of its lease',
  },
]

const SET_UPS: Readonly<Record<string, string>> = {
  quarterjack:
    "concurrency 100 per replica, pools of 10, LISTEN/NOTIFY, history kept (10 per key), overlap 'allow': the peers look after none",
  'graphile-worker': '24 jobs, localQueue 500, completions batched without delay; keeps no history',
  'pg-boss':
    'cron evaluated and sent every second, LISTEN/NOTIFY, batches of 100 in 4 workers, burst; history kept; tells no slot, so the last minute is taken',
}

export const pgSlots: Scenario = {
  name: 'pg-slots',
  about: 'how late schedules start, from the slot to the first line of the handler; what is lost or doubled',
  rounds: { quick: 1, full: 3 },
  async contenders(stack) {
    const server = await startServer(stack)
    return ROWS.flatMap(({ phase, config, peers = [] }) =>
      ['quarterjack', ...peers].map(
        (peer): Contender => ({
          peer,
          version: versionOf(peer),
          config: `${phase}: ${config}`,
          setUp: SET_UPS[peer] ?? '',
          // A minute and more until their first slot.
          isSlow: peer !== 'quarterjack',
          measure: onFreshDatabase(server, 'slots/measure.ts', (quick) => [peer, phase, quick ? 'quick' : 'full']),
        }),
      ),
    )
  },
}
