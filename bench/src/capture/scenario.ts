/** What writers pay for it that their changes are known. */
import { onFreshDatabase, startServer } from '../pg/server.ts'
import type { Contender, Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { CAPTURERS } from './capturers.ts'

const STATEMENTS = [1, 100, 10_000]
const SCRIPT = 'capture/measure.ts'

export const capture: Scenario = {
  name: 'capture',
  about: 'inserts into a table with a primary key and an index on time, whose changes are marked',
  rounds: { quick: 1, full: 5 },
  async contenders(stack) {
    const server = await startServer(stack, { synchronous_commit: 'off' })
    const base = (peer: string): Pick<Contender, 'peer' | 'version' | 'setUp'> => ({
      peer,
      version: peer === 'quarterjack' ? versionOf(peer) : 'Postgres',
      setUp: CAPTURERS[peer]?.setUp ?? '',
    })
    const peers = Object.keys(CAPTURERS)
    return [
      ...STATEMENTS.flatMap((rows) =>
        peers.map(
          (peer): Contender => ({
            ...base(peer),
            config: `statements of ${rows.toLocaleString('en')} row${rows === 1 ? '' : 's'}, in a loop at the server`,
            measure: onFreshDatabase(server, SCRIPT, (quick) => [peer, 'statements', String(rows), quick ? '4' : '15']),
          }),
        ),
      ),
      ...peers.map(
        (peer): Contender => ({
          ...base(peer),
          config: '8 writers of transactions of one row that stay open for 10 ms, all into one window',
          measure: onFreshDatabase(server, SCRIPT, (quick) => [peer, 'writers', '1', quick ? '5' : '30']),
        }),
      ),
    ]
  },
}
