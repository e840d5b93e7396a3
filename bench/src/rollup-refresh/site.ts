/** The table that is aggregated, and what stands in the targets before anything is measured. */
import { Client } from 'pg'

export const HOUR_MS = 3_600_000
export const START_MS = Date.UTC(2026, 0, 1)
/** As measured at a service: spans of calls, of many users and a few kinds. */
export const ROWS_PER_HOUR = 3_472

/** The same figures for everybody. */
export const MEASURES = `count(*) as calls, count(*) filter (where status = 'error') as errors, sum(tokens) as tokens, sum(cost) as cost, max(duration_ms) as slowest`

/** Hours that `rows` fill. */
export function hoursOf(rows: number): number {
  return Math.ceil(rows / ROWS_PER_HOUR)
}

/** Rows in the order of their arrival; 1 % are up to 48 h late. */
export async function fillSite(url: string, rows: number): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(`create table spans (
    id bigint generated always as identity primary key, started_at timestamptz not null, user_id int not null, kind text not null,
    model text not null, tokens int not null, duration_ms int not null, cost double precision not null, status text not null)`)
  await client.query(
    `insert into spans (started_at, user_id, kind, model, tokens, duration_ms, cost, status)
     select to_timestamp(${START_MS / 1_000}) + greatest(0, n * 3600.0 / ${ROWS_PER_HOUR} - case when n % 100 = 0 then abs(hashint4(n)::bigint) % 172800 else abs(hashint4(n)::bigint) % 30 end) * interval '1 second',
       abs(hashint4(n + 1)::bigint) % 100, (array['llm', 'tool', 'retrieval', 'agent'])[1 + abs(hashint4(n + 2)::bigint) % 4],
       'model-' || abs(hashint4(n + 3)::bigint) % 5, abs(hashint4(n + 4)::bigint) % 4000, abs(hashint4(n + 5)::bigint) % 9000, n % 997 / 1000.0,
       case when n % 50 = 0 then 'error' else 'ok' end
     from generate_series(0, ${rows - 1}) n`,
  )
  await client.query('create index on spans (started_at)')
  await client.query(
    `create table ready as select date_trunc('hour', started_at) as window_start, user_id, kind, ${MEASURES} from spans group by 1, 2, 3`,
  )
  await client.query('vacuum analyze spans')
  await client.query('checkpoint')
  await client.end()
}

/** A target that is up to date but for late rows, and indexed as each of them is. */
export async function fillTarget(client: Client, table: string): Promise<void> {
  await client.query(`create table ${table} as select * from ready order by 1, 2, 3`)
  await client.query(`alter table ${table} alter column window_start set not null`)
  await client.query(`create unique index on ${table} (window_start, user_id, kind) nulls not distinct`)
  await client.query(`vacuum analyze ${table}`)
}
