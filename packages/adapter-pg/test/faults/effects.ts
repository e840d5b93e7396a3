/** What handlers really did, in a table of the tests' own, by the server's clock. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Effect, EffectLog } from '@quarterjack/fault-kit/effects'
import { Pool } from 'pg'

/** The record, and what makes its table. */
export interface PgEffectLog extends EffectLog {
  create(): Promise<void>
}

const PAUSE_MS = 50

const TABLE = `
  create table effects (
    run_id text not null, fence bigint not null, job text not null, key text not null, slot bigint, attempt int not null,
    worker text not null, pid int not null,
    started_at timestamptz not null default clock_timestamp(), ended_at timestamptz, ending text,
    primary key (run_id, fence)
  )`
const START = `
  with started as (
    insert into effects (run_id, fence, job, key, slot, attempt, worker, pid) values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict do nothing
  )
  select count(*)::int as before from effects where run_id = $1 and fence <> $2`
const END = `update effects set ended_at = clock_timestamp(), ending = $3 where run_id = $1 and fence = $2 and ending is null`
const millis = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`
const ALL = `
  select run_id as "runId", fence::float8 as fence, job, key, slot::float8 as slot, attempt, worker, pid,
    ${millis('started_at')} as "startedAt", ${millis('ended_at')} as "endedAt", ending
  from effects order by started_at`

/** Writes are repeated until they are there: the record must not suffer from what the store suffers from. */
export function openEffects(url: string, max = 4): PgEffectLog {
  // A server that was made read-only by default still takes this.
  const pool = new Pool({ connectionString: url, max, options: '-c default_transaction_read_only=off', connectionTimeoutMillis: 2_000 })
  pool.on('error', () => undefined)

  const persist = async (text: string, values: readonly unknown[]): Promise<readonly unknown[]> => {
    for (;;) {
      try {
        const timed = { text, values: [...values], query_timeout: 2_000 }
        return (await pool.query(timed)).rows
      } catch {
        await sleep(PAUSE_MS)
      }
    }
  }
  return {
    create: async () => void (await pool.query(TABLE)),
    async start(one) {
      const [row] = await persist(START, [one.runId, one.fence, one.job, one.key, one.slot, one.attempt, one.worker, one.pid])
      return (row as { readonly before: number }).before
    },
    end: async ({ runId, fence }, ending) => void (await persist(END, [runId, fence, ending])),
    all: async () => (await pool.query<Effect>(ALL)).rows,
    now: async () => (await pool.query<{ now: number }>(`select ${millis('clock_timestamp()')} as now`)).rows[0]?.now ?? 0,
    close: () => pool.end(),
  }
}
