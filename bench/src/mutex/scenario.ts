/** A mutex taken and let go by one caller. */
import { BARE } from '../figure.ts'
import { onFreshDatabase, startServer } from '../pg/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'

const SET_UPS: Readonly<Record<string, string>> = {
  quarterjack: 'createMutex(…).withLock(() => undefined), lease 30 s; waiters are served in order',
  [BARE]: 'two fenced UPDATEs of one row, prepared; waiters would have to ask again and again',
}

export const mutex: Scenario = {
  name: 'mutex',
  about: 'acquire and release, one caller, on Postgres',
  rounds: { quick: 3, full: 7 },
  async contenders(stack) {
    const server = await startServer(stack)
    return ['quarterjack', BARE].map(
      (peer): Contender => ({
        peer,
        version: peer === BARE ? `pg ${versionOf('pg')}` : versionOf(peer),
        config: 'one name, one caller, nobody waits; pool of 10, one connection in use',
        setUp: SET_UPS[peer] ?? '',
        measure: onFreshDatabase(server, 'mutex/measure.ts', (quick) => [peer, quick ? '3' : '10']),
      }),
    )
  },
}
