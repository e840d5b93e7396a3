/** Schedules on Redis: a few each second, many on one instant, many a second, many stored. */
import { bullmqSetUp } from '../redis/bullmq-options.ts'
import { chosenPeers, clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'

const OURS = ['quarterjack', 'quarterjack-ioredis']
const ALL = [...OURS, 'bullmq']

const ROWS: readonly { readonly phase: string; readonly config: string; readonly peers: readonly string[] }[] = [
  { phase: 'few', config: '5 schedules, each every second, on the same instants, one replica; no-op job', peers: ALL },
  { phase: 'ten', config: '10 schedules on one instant, every 2 s, one replica; no-op job', peers: ALL },
  {
    phase: 'thousand',
    config: '1,000 schedules on one instant, every 5 s, two replicas, after one instant to warm up; no-op job',
    peers: ALL,
  },
  {
    phase: 'sustain',
    config:
      '10,000 dynamic schedules, each every 5 s, spread evenly: 2,000 fires/s, one replica; no-op job; created by one process; who keeps up loses none',
    peers: ALL,
  },
  {
    phase: 'commands',
    config:
      'one schedule every second, one replica; round trips are commands that clients send, commands what the server executes, within scripts too',
    peers: ALL,
  },
  {
    phase: 'stored-few',
    config: 'scheduler.tick() with 10 schedules due, 10,000 stored: start, fire, 10 runs, settle, leave',
    peers: OURS,
  },
  { phase: 'stored-many', config: 'scheduler.tick() with 10 schedules due, 1,000,000 stored (100,000 with --quick)', peers: OURS },
]

function setUpOf(peer: string): string {
  if (peer === 'bullmq') return `${bullmqSetUp()}; job schedulers with every and startDate, upserted 1,000 at a time`
  return `dynamic schedules (keys) of one job, concurrency 100 per replica, ${clientVersion(peer)}; history kept (10 per key), overlap 'allow': the peer looks after none; created by one setMany`
}

export const redisSlots: Scenario = {
  name: 'redis-slots',
  about: 'how late schedules start on Redis, from the slot to the first line of the handler; what is lost or doubled',
  rounds: { quick: 1, full: 3 },
  async contenders(_stack, choices) {
    await printServer(choices)
    return ROWS.flatMap(({ phase, config, peers }) =>
      chosenPeers(peers, choices).map(
        (peer): Contender => ({
          peer,
          version: redisPeerVersion(peer),
          config: `${phase}: ${config}; ${persistenceOf(choices)}`,
          setUp: setUpOf(peer),
          measure: onFreshServer(choices, 'slots/measure.ts', (quick) => [peer, phase, quick ? 'quick' : 'full']),
        }),
      ),
    )
  },
}
