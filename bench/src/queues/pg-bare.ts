/**
 * The fewest statements that do the job, through the same client: the limit. Jobs are claimed and settled in batches of
 * 500, the next claim while the last batch is settled; finished ones stay in the table, which has five indexes.
 */
import { Pool, type PoolClient } from 'pg'
import type { Payload, QueuePeer, Tuning } from './queue-peer.ts'

const BATCH = 500
const BULK = 1_000

const TABLE = `
create table if not exists bare_jobs (
  id bigint generated always as identity primary key,
  job text not null, key text not null default '', state text not null default 'pending', payload json not null,
  priority int not null default 0, run_at timestamptz not null default now(), created_at timestamptz not null default now(),
  started_at timestamptz, finished_at timestamptz, attempt int not null default 0, owner text, fence bigint not null default 0, result json
) with (fillfactor = 85);
create index if not exists bare_jobs_line on bare_jobs (job, priority desc, run_at, id) where state = 'pending';
create index if not exists bare_jobs_owner on bare_jobs (owner) where state = 'running';
create index if not exists bare_jobs_key on bare_jobs (job, key, state, finished_at);
create index if not exists bare_jobs_created on bare_jobs (job, created_at);`

const INSERT = `insert into bare_jobs (job, payload) values ('noop', $1)`
const INSERT_MANY = `insert into bare_jobs (job, payload) select 'noop', u.payload from unnest($1::json[]) u(payload)`
const CLAIM = `
with due as (
  select id from bare_jobs where job = 'noop' and state = 'pending' and run_at <= now()
  order by priority desc, run_at, id limit ${BATCH} for update skip locked
)
update bare_jobs j set state = 'running', owner = 'me', started_at = now(), attempt = attempt + 1, fence = fence + 1
from due where j.id = due.id returning j.id, j.payload`
const SETTLE = `
update bare_jobs j set state = 'succeeded', finished_at = now(), owner = null
from unnest($1::bigint[]) u(id) where j.id = u.id and j.state = 'running' and j.owner = 'me'`
const CHANNEL = 'bare_jobs'

export function bareOnPg(url: string, tuning: Tuning): QueuePeer {
  const pool = new Pool({ connectionString: url })
  const tells = tuning === 'latency'
  let isOpen = true
  let isClaiming = false
  let again = false

  /** Claims until nothing is left. */
  const drain = async (onStart: (n: number) => void): Promise<void> => {
    again = true
    if (isClaiming) return
    isClaiming = true
    while (again && isOpen) {
      again = false
      let settling: Promise<unknown> = Promise.resolve()
      for (;;) {
        const { rows } = await pool.query<{ id: string; payload: Payload }>({ name: 'claim', text: CLAIM })
        if (rows.length === 0) break
        for (const { payload } of rows) onStart(payload.n)
        await settling
        settling = pool.query({ name: 'settle', text: SETTLE, values: [rows.map(({ id }) => id)] })
      }
      await settling
    }
    isClaiming = false
  }

  let listener: PoolClient | null = null
  return {
    async open() {
      await pool.query(TABLE)
    },
    async add(n) {
      const values = [JSON.stringify({ n })]
      if (tells) await pool.query({ name: 'add', text: `with made as (${INSERT}) select pg_notify('${CHANNEL}', '')`, values })
      else await pool.query({ name: 'add', text: INSERT, values })
    },
    async addMany(count) {
      for (let from = 0; from < count; from += BULK) {
        const payloads = Array.from({ length: Math.min(BULK, count - from) }, (_, index) => JSON.stringify({ n: from + index }))
        await pool.query({ name: 'addMany', text: INSERT_MANY, values: [payloads] })
      }
    },
    async work(onStart) {
      if (tells) {
        listener = await pool.connect()
        listener.on('notification', () => void drain(onStart))
        await listener.query(`listen ${CHANNEL}`)
      }
      void drain(onStart)
    },
    async isDrained() {
      return (await pool.query(`select 1 from bare_jobs where state in ('pending', 'running') limit 1`)).rowCount === 0
    },
    async close() {
      isOpen = false
      listener?.release(true)
      await pool.end()
    },
  }
}
