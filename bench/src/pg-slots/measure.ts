/** One peer, one phase, in a process of its own: `measure.ts <peer> <phase> <quick | full> <url>`. */
import type { Sample } from '../figure.ts'
import { work } from './crew.ts'
import { COUNT_OF_PEERS } from './peers.ts'
import { roundTrips } from './round-trips.ts'
import { stored } from './stored.ts'
import { sustain } from './sustain.ts'
import { together } from './together.ts'

const [peer = '', phase = '', length = '', url = ''] = process.argv.slice(2)
const isQuick = length === 'quick'
/** Peers know minutes only. */
const isOurs = peer === 'quarterjack'

const phases: Readonly<Record<string, () => Promise<Sample>>> = {
  ten: () => together({ peer, url, count: 10, replicas: 1, periodMs: 2_000, instants: isQuick ? 4 : 20 }),
  thousand: () =>
    together({
      peer,
      url,
      count: COUNT_OF_PEERS,
      replicas: 2,
      periodMs: isOurs ? 5_000 : 60_000,
      instants: isOurs ? (isQuick ? 2 : 6) : 1,
    }),
  sustain: () => sustain(url, isQuick ? 1 : 3),
  'stored-few': () => stored(url, 10_000, isQuick ? 10 : 50),
  'stored-many': () => stored(url, isQuick ? 100_000 : 1_000_000, isQuick ? 10 : 50),
  'round-trips': () => roundTrips(url, isQuick ? 5 : 20),
}

if (phase === 'work') await work(peer, url)
else {
  console.log(JSON.stringify(await phases[phase]?.()))
  process.exit(0)
}
