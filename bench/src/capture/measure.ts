/** One way to capture, in a process of its own: `measure.ts <peer> <phase> <rows> <seconds> <url>`. */
import { Pool } from 'pg'
import { median, quantile } from '../figure.ts'
import { machineMs } from '../replica.ts'
import { CAPTURERS } from './capturers.ts'

const [name = '', phase = '', rowsText = '1', secondsText = '1', url = ''] = process.argv.slice(2)
const [rows, ms] = [Number(rowsText), 1_000 * Number(secondsText)]

const WRITERS = 8
/** As long as a request holds its transaction. */
const HELD_MS = 10
/** Statements per block, which runs at the server so that the round trip does not hide the cost. */
const BLOCK: Readonly<Record<number, number>> = { 1: 2_000, 100: 100, 10000: 5 }

const pool = new Pool({ connectionString: url, max: WRITERS + 1 })
const capturer = CAPTURERS[name]
if (capturer === undefined) throw new Error(`no way ${name}`)
await pool.query(`create table spans (id bigint generated always as identity primary key, started_at timestamptz not null, user_id int not null, cost double precision);
  create index on spans (started_at)`)
await capturer.install(pool)
console.log(JSON.stringify(phase === 'statements' ? await statements() : await writers()))
await pool.end()

/** Each statement a row per second of time, so that 10,000 rows are in three or four hours. */
async function statements(): Promise<Record<string, number>> {
  const count = BLOCK[rows] ?? 1
  const block = `do $$ begin for n in 1..${count} loop
    insert into spans (started_at, user_id, cost) select now() - g * interval '1 second', g % 20, g from generate_series(1, ${rows}) g;
  end loop; end $$`
  await pool.query(block)
  const micros: number[] = []
  const bytes: number[] = []
  const until = machineMs() + ms
  while (machineMs() < until) {
    await pool.query('truncate spans')
    if (capturer?.drain != null) await pool.query(capturer.drain)
    const before = await lsn()
    const startedAt = machineMs()
    await pool.query(block)
    micros.push((1_000 * (machineMs() - startedAt)) / count)
    bytes.push((await lsn()) - before)
  }
  const middle = (values: readonly number[]): number => median(values.toSorted((a, b) => a - b))
  return { statementUs: middle(micros), walBytes: middle(bytes) / count }
}

async function lsn(): Promise<number> {
  const { rows: found } = await pool.query<{ at: string }>(`select (pg_current_wal_insert_lsn() - '0/0')::text as at`)
  return Number(found[0]?.at)
}

/** Transactions of one row that stay open for a moment, while what was noted is taken out again and again. */
async function writers(): Promise<Record<string, number>> {
  const took: number[] = []
  const startedAt = machineMs()
  const isOver = (): boolean => machineMs() - startedAt > ms
  const write = async (writer: number): Promise<void> => {
    const client = await pool.connect()
    while (!isOver()) {
      const begunAt = machineMs()
      await client.query('begin')
      await client.query('insert into spans (started_at, user_id, cost) values (now(), $1, 1)', [writer])
      await client.query(`select pg_sleep(${HELD_MS / 1_000})`)
      await client.query('commit')
      took.push(machineMs() - begunAt)
    }
    client.release()
  }
  const drain = async (): Promise<void> => {
    while (!isOver()) {
      await pool.query(capturer?.drain ?? 'select 1')
      await pool.query('select pg_sleep(0.1)')
    }
  }
  await Promise.all([...Array.from({ length: WRITERS }, (_, writer) => write(writer)), drain()])
  const seconds = (machineMs() - startedAt) / 1_000
  return { writesPerS: took.length / seconds, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }
}
