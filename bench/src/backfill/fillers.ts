/** Ways to fill a target of hours, or of days, over all that a table holds. */
import { setTimeout } from 'node:timers/promises'
import { count, countIf, max, pgStore, sqlRollup, sum } from '@quarterjack/adapter-pg'
import { createScheduler, defineRollup } from '@quarterjack/core'
import { Client, Pool } from 'pg'
import { machineMs } from '../replica.ts'
import { HOUR_MS, hoursOf, MEASURES, START_MS } from '../rollup-refresh/site.ts'

/** `what`: `hours`, `days`. Each fills targets of its own, which are empty. Resolves with how long that took; preparing does not count. */
export type Filler = (url: string, what: string, rows: number) => Promise<number>

const HOURLY = 'filled_hourly'
const DAILY = 'filled_daily'
const DAY_MS = 24 * HOUR_MS

const measures = {
  calls: count(),
  errors: countIf("status = 'error'"),
  tokens: sum('tokens'),
  cost: sum('cost'),
  slowest: max('duration_ms'),
}
const hours = sqlRollup({ source: 'spans', time: 'started_at', target: HOURLY, by: ['user_id', 'kind'], measures })
const RUNS = {
  hours: { name: 'hours', grain: 'hour', refresh: hours },
  days: { name: 'days', grain: 'day', refresh: sqlRollup({ from: hours, target: DAILY }) },
  'days of rows': {
    name: 'days',
    grain: 'day',
    refresh: sqlRollup({ source: 'spans', time: 'started_at', target: DAILY, by: ['user_id', 'kind'], measures }),
  },
} as const

/** Half a day more than whole days are left out. */
function endOf(rows: number): number {
  return START_MS + Math.floor(hoursOf(rows) / 24) * DAY_MS
}

/** From the request to the end, with all that is kept of it in the store. */
function backfilled(form: 'own' | 'of rows'): Filler {
  return async (url, what, rows) => {
    const pool = new Pool({ connectionString: url, max: 6 })
    const { name, grain, refresh } = RUNS[what === 'hours' ? 'hours' : form === 'own' ? 'days' : 'days of rows']
    // Nothing is marked later, so all that is refreshed is what is asked for.
    const rollup = defineRollup({ name, grain, start: new Date(START_MS), source: 'nothing', capture: 'complete', refresh })
    const scheduler = createScheduler({ store: pgStore({ pool }), jobs: [rollup], logger: false })
    const target = what === 'hours' ? HOURLY : DAILY
    await pool.query(`drop table if exists ${target}`)
    await scheduler.start()
    await caughtUp(pool)
    await pool.query(`truncate ${target}`)
    const startedAt = machineMs()
    const backfill = await scheduler.backfill(rollup, { from: new Date(START_MS), to: new Date(endOf(rows)) })
    const { done, failed, total } = await backfill.finished()
    const ms = machineMs() - startedAt
    if (done !== total || failed > 0) throw new Error(`${done} of ${total} windows are done, ${failed} failed`)
    await scheduler.stop()
    await pool.query('drop schema quarterjack cascade')
    await pool.end()
    return ms
  }
}

/** A new rollup marks all from its start, and fills itself: what it holds meanwhile, a backfill waits for. What lasts still stays dirty. */
async function caughtUp(pool: Pool): Promise<void> {
  const isOver = 'w.start_at < extract(epoch from now()) * 1000 - 172800000'
  const open = `select exists (select from quarterjack.marks)
    or exists (select from quarterjack.windows w where w.run_id is not null or (w.dirty_since is not null and ${isOver})) as open`
  while ((await pool.query<{ open: boolean }>(open)).rows[0]?.open !== false) await setTimeout(50)
}

/** INSERT … SELECT over so many days at a time, each committed by itself. */
function inserted(days: number): Filler {
  return async (url, what, rows) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    const [target, unit] = what === 'hours' ? [HOURLY, 'hour'] : [DAILY, 'day']
    await client.query(`drop table if exists ${target}; create table ${target} as
      select date_trunc('${unit}', started_at) as window_start, user_id, kind, ${MEASURES} from spans where false group by 1, 2, 3;
      create unique index on ${target} (window_start, user_id, kind) nulls not distinct`)
    const startedAt = machineMs()
    const end = endOf(rows)
    for (let from = START_MS; from < end; from += days * DAY_MS) {
      await client.query(
        `insert into ${target} select date_trunc('${unit}', started_at), user_id, kind, ${MEASURES} from spans
         where started_at >= $1 and started_at < $2 group by 1, 2, 3`,
        [new Date(from), new Date(Math.min(end, from + days * DAY_MS))],
      )
    }
    const ms = machineMs() - startedAt
    await client.end()
    return ms
  }
}

export const FILLERS: Readonly<Record<string, { readonly setUp: string; readonly fill: Filler }>> = {
  quarterjack: { setUp: 'scheduler.backfill of a sqlRollup, one run at a time; days are made of its hours', fill: backfilled('own') },
  'quarterjack, of rows': { setUp: 'the same; days are made of the rows', fill: backfilled('of rows') },
  'day by day': { setUp: 'INSERT … SELECT, a transaction for each day', fill: inserted(1) },
  'one statement': { setUp: 'INSERT … SELECT over everything', fill: inserted(10_000) },
}
