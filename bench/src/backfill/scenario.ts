/** What it costs to fill a rollup over months of rows that are there already. */
import { startServer } from '../pg/server.ts'
import { fillSite } from '../rollup-refresh/site.ts'
import { inOwnProcess, type Contender, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { FILLERS } from './fillers.ts'

/** Sixty days of hours. */
const ROWS = { quick: 1_000_000, full: 5_000_000 }

const OF_ROWS = 'quarterjack, of rows'

export const backfill: Scenario = {
  name: 'backfill',
  about: 'hourly figures per user and kind (400 groups an hour) over 3,472 rows an hour, into an empty target: 12 days, or 60 in full',
  rounds: { quick: 1, full: 3 },
  async contenders(stack) {
    const server = await startServer(stack, { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB' })
    let made: Promise<string> | undefined
    const siteOf = (rows: number): Promise<string> => {
      made ??= (async () => {
        const { url } = await server.createDatabase()
        await fillSite(url, rows)
        return url
      })()
      return made
    }
    // Hours come first: days are made of them.
    return (['hours', 'days'] as const).flatMap((what) =>
      Object.entries(FILLERS)
        .filter(([peer]) => what === 'days' || peer !== OF_ROWS)
        .map(
          ([peer, { setUp }]): Contender => ({
            peer,
            version: peer.startsWith('quarterjack') ? versionOf('quarterjack') : 'Postgres',
            config: `${what} over all rows`,
            setUp,
            async measure(quick) {
              const rows = quick ? ROWS.quick : ROWS.full
              return inOwnProcess('backfill/measure.ts', [peer, what, String(rows), await siteOf(rows)])
            },
          }),
        ),
    )
  },
}
