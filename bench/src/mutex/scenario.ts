/** A mutex taken and let go, on Postgres by one caller, on Redis also by many, each with its own. */
import { BARE } from '../figure.ts'
import { onFreshDatabase, startServer } from '../pg/server.ts'
import { chosenPeers, clientVersion, redisPeerVersion } from '../redis/contenders.ts'
import { onFreshServer, persistenceOf, printServer } from '../redis/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { LOCKERS } from './lockers.ts'

const OURS = 'createMutex(…).withLock(() => undefined), lease 30 s, renewed, fenced; waiters are served in order'

const ON_PG: Readonly<Record<string, string>> = {
  quarterjack: OURS,
  [BARE]: 'two fenced UPDATEs of one row, prepared; waiters would have to ask again and again',
}

function setUpOnRedis(peer: string): string {
  if (peer.startsWith('quarterjack')) return `${OURS}; on Redis ${clientVersion(peer)}`
  if (peer.startsWith(BARE)) return 'SET NX PX and a compare-and-delete by EVALSHA; no fence, waiters would have to ask again and again'
  const client = clientVersion(peer === 'redlock-universal' ? 'quarterjack' : 'quarterjack-ioredis')
  return `acquire and release by hand, lease 30 s, no renewal, no fence, one server, ${client}; waiters ask again and again`
}

const SCRIPT = 'mutex/measure.ts'
const CALLERS = ['1', '64', '512']

export const mutex: Scenario = {
  name: 'mutex',
  about: 'acquire and release, on Postgres and on Redis; nobody waits',
  rounds: { quick: 3, full: 7 },
  async contenders(stack, choices) {
    const server = await startServer(stack)
    await printServer(choices)
    const argsOf =
      (peer: string, callers: string) =>
      (quick: boolean): readonly string[] => [peer, callers, quick ? '3' : '10']
    return [
      ...Object.entries(ON_PG).map(
        ([peer, setUp]): Contender => ({
          peer,
          version: peer === BARE ? `pg ${versionOf('pg')}` : versionOf(peer),
          config: 'Postgres, one name, one caller; pool of 10, one connection in use',
          setUp,
          measure: onFreshDatabase(server, SCRIPT, argsOf(peer, '1')),
        }),
      ),
      ...CALLERS.flatMap((callers) =>
        chosenPeers(Object.keys(LOCKERS.redis), choices).map(
          (peer): Contender => ({
            peer,
            version: redisPeerVersion(peer),
            config: `${persistenceOf(choices)}, ${callers === '1' ? 'one name, one caller' : `${callers} names, each with one caller`}; one connection`,
            setUp: setUpOnRedis(peer),
            measure: onFreshServer(choices, SCRIPT, argsOf(peer, callers)),
          }),
        ),
      ),
    ]
  },
}
