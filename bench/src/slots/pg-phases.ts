/** What is measured on Postgres. */
import { Pool } from 'pg'
import type { Phase, PhaseRequest } from './phase.ts'
import { multiply } from './pg-multiply.ts'
import { tenantsOnPg } from './pg-quarterjack.ts'
import { roundTrips } from './pg-round-trips.ts'
import { COUNT_OF_PEERS, MINUTE_MS } from './slot-peer.ts'
import { stored } from './stored.ts'
import { sustain } from './sustain.ts'
import { together } from './together.ts'

export const PHASES: Readonly<Record<string, Phase>> = {
  ten: ({ peer, url, isQuick }) => together({ peer, url, count: 10, replicas: 1, periodMs: 2_000, instants: isQuick ? 4 : 20 }),
  thousand: ({ peer, url, isQuick }) => {
    // Peers know minutes only.
    const isOurs = peer === 'quarterjack'
    return together({
      peer,
      url,
      count: COUNT_OF_PEERS,
      replicas: 2,
      periodMs: isOurs ? 5_000 : MINUTE_MS,
      instants: isOurs ? (isQuick ? 2 : 6) : 1,
    })
  },
  sustain: ({ peer, url, isQuick }) => sustain(peer, url, isQuick ? 1 : 3),
  'stored-few': (request) => storedOnPg(request, 10_000),
  'stored-many': (request) => storedOnPg(request, request.isQuick ? 100_000 : 1_000_000),
  'round-trips': ({ url, isQuick }) => roundTrips(url, isQuick ? 5 : 20),
}

function storedOnPg({ url, isQuick }: PhaseRequest, count: number): ReturnType<Phase> {
  const pool = new Pool({ connectionString: url })
  return stored(tenantsOnPg(pool), isQuick ? 10 : 50, () => multiply(pool, count))
}
