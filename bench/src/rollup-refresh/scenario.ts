/** What it costs to bring windows of a rollup up to date. */
import { startServer } from '../pg/server.ts'
import { inOwnProcess, type Contender, type Scenario } from '../scenario.ts'
import { versionOf } from '../versions.ts'
import { COUNTER, REFRESHERS } from './refreshers.ts'
import { fillSite } from './site.ts'

/** Shapes of what is dirty, over tables of how many rows. Slow ones are for the full run. */
const ROWS: readonly { readonly shape: string; readonly windows: number; readonly rows: number; readonly isSlow?: boolean }[] = [
  { shape: 'adjacent', windows: 24, rows: 1_000_000 },
  { shape: 'scattered', windows: 24, rows: 1_000_000 },
  { shape: 'adjacent', windows: 24, rows: 5_000_000 },
  { shape: 'scattered', windows: 24, rows: 5_000_000 },
  { shape: 'unchanged', windows: 24, rows: 5_000_000 },
  { shape: 'adjacent', windows: 1, rows: 5_000_000 },
  { shape: 'adjacent', windows: 168, rows: 5_000_000, isSlow: true },
  { shape: 'scattered', windows: 168, rows: 5_000_000, isSlow: true },
  { shape: 'adjacent', windows: 24, rows: 20_000_000, isSlow: true },
  { shape: 'scattered', windows: 24, rows: 20_000_000, isSlow: true },
]

const VIEW = 'materialized view'
/** Takes as long as the table is large. */
const MOST_OF_VIEW = 5_000_000

export const rollupRefresh: Scenario = {
  name: 'rollup-refresh',
  about:
    'hourly figures per user and kind (400 groups an hour) over 3,472 rows an hour; windows with 10 late rows each are refreshed; `late` is what adding these rows took, which with ours has a trigger that marks; the CPU time is that of the connection’s server process, WAL is what the refresh wrote; jit is off for all',
  rounds: { quick: 1, full: 5 },
  async contenders(stack) {
    const server = await startServer(stack, { shared_buffers: '1GB', max_wal_size: '8GB', maintenance_work_mem: '256MB' })
    const sites = new Map<number, Promise<string>>()
    const siteOf = (rows: number): Promise<string> => {
      const known = sites.get(rows)
      if (known !== undefined) return known
      const made = (async () => {
        const { url } = await server.createDatabase()
        await fillSite(url, rows)
        return url
      })()
      sites.set(rows, made)
      return made
    }
    return ROWS.flatMap(({ shape, windows, rows, isSlow = false }) =>
      Object.entries(REFRESHERS)
        .filter(([peer]) => peer !== VIEW || (shape === 'adjacent' && windows === 24 && rows <= MOST_OF_VIEW))
        // There is nothing to refresh where nothing changed.
        .filter(([peer]) => peer !== COUNTER || shape !== 'unchanged')
        .map(
          ([peer, { setUp }]): Contender => ({
            peer,
            version: peer === 'quarterjack' ? versionOf(peer) : 'Postgres',
            config: `${windows} ${shape} window${windows === 1 ? '' : 's'} of ${rows.toLocaleString('en')} rows`,
            setUp,
            isSlow,
            async measure(quick) {
              const repeats = peer === VIEW ? 2 : quick ? 9 : 25
              return inOwnProcess('rollup-refresh/measure.ts', [peer, shape, ...[windows, rows, repeats].map(String), await siteOf(rows)])
            },
          }),
        ),
    )
  },
}
