/** Who held the mutex when, in tables of the tests' own, by their server's clock. */
import type { Hold, Holds } from '@quarterjack/fault-kit/holds'
import { Pool } from 'pg'

const TABLES = `
  create table holds (
    fence bigint primary key, holder text not null, from_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz, told boolean, wrote boolean
  );
  create table guarded (fence bigint not null);
  insert into guarded values (0)`
/** Keeps late writers out by their fence, as a user's own data should. */
const WRITE = 'update guarded set fence = $1 where fence <= $1'
const BEGIN = 'insert into holds (fence, holder) values ($1, $2)'
const END = 'update holds set ended_at = clock_timestamp(), told = $2, wrote = $3 where fence = $1'
const millis = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`
const ALL = `
  select fence::float8 as fence, holder, told, wrote, ${millis('from_at')} as "from", ${millis('ended_at')} as "to"
  from holds order by from_at`

/** The record, and what makes its tables. */
export interface PgHolds extends Holds {
  create(): Promise<void>
}

/** In the database that `url` names. */
export function openHolds(url: string): PgHolds {
  const pool = new Pool({ connectionString: url, max: 2 })
  pool.on('error', () => undefined)
  const write: Holds['write'] = async (fence) => (await pool.query(WRITE, [fence])).rowCount === 1
  return {
    create: async () => void (await pool.query(TABLES)),
    async begin(fence, holder) {
      await write(fence)
      await pool.query(BEGIN, [fence, holder])
    },
    write,
    end: async (fence, { told, wrote }) => void (await pool.query(END, [fence, told, wrote])),
    all: async () => (await pool.query<Hold>(ALL)).rows,
    now: async () => (await pool.query<{ now: number }>(`select ${millis('clock_timestamp()')} as now`)).rows[0]?.now ?? 0,
    close: () => pool.end(),
  }
}
