/** What is measured on Redis. */
import { clientOf } from '../redis/clients.ts'
import type { Phase, PhaseRequest } from './phase.ts'
import { commands } from './redis-commands.ts'
import { tenantsOnRedis } from './redis-quarterjack.ts'
import { fillByCalls, stored } from './stored.ts'
import { sustain } from './sustain.ts'
import { together } from './together.ts'

export const PHASES: Readonly<Record<string, Phase>> = {
  few: ({ peer, url, isQuick }) => together({ peer, url, count: 5, replicas: 1, periodMs: 1_000, instants: isQuick ? 10 : 60 }),
  ten: ({ peer, url, isQuick }) => together({ peer, url, count: 10, replicas: 1, periodMs: 2_000, instants: isQuick ? 4 : 20 }),
  thousand: ({ peer, url, isQuick }) => together({ peer, url, count: 1_000, replicas: 2, periodMs: 5_000, instants: isQuick ? 2 : 6 }),
  sustain: ({ peer, url, isQuick }) => sustain(peer, url, isQuick ? 1 : 3),
  'stored-few': (request) => storedOnRedis(request, 10_000),
  'stored-many': (request) => storedOnRedis(request, request.isQuick ? 100_000 : 1_000_000),
  commands: ({ peer, url, isQuick }) => commands(peer, url, isQuick ? 10 : 30),
}

async function storedOnRedis({ peer, url, isQuick }: PhaseRequest, count: number): ReturnType<Phase> {
  const ours = await tenantsOnRedis(url, clientOf(peer))
  return await stored(ours, isQuick ? 10 : 50, () => fillByCalls(ours, count))
}
