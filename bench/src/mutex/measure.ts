/** Acquires and releases one mutex again and again: `measure.ts <peer> <seconds> <url>`. */
import { createMutex } from '@quarterjack/core'
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import { BARE } from '../figure.ts'
import { machineMs } from '../pg/replica.ts'

const [name = '', secondsText = '0', url = ''] = process.argv.slice(2)
const seconds = Number(secondsText)
const WARM_MS = 500

const pool = new Pool({ connectionString: url })
const pair = name === BARE ? await bare() : ours()
await loop(WARM_MS)
console.log(JSON.stringify({ locksPerS: await loop(1_000 * seconds) }))
process.exit(0)

async function loop(ms: number): Promise<number> {
  const startedAt = machineMs()
  let pairs = 0
  while (machineMs() - startedAt < ms) {
    await pair()
    pairs++
  }
  return (1_000 * pairs) / (machineMs() - startedAt)
}

function ours(): () => Promise<void> {
  const mutex = createMutex(pgStore({ pool }), 'bench')
  return () => mutex.withLock(() => undefined)
}

/** A fenced pair of updates of one row: what a lease cannot do without. */
async function bare(): Promise<() => Promise<void>> {
  await pool.query(`
    create table locks (name text primary key, holder text, fence bigint not null default 0, expires_at timestamptz) with (fillfactor = 50);
    insert into locks (name) values ('bench');`)
  const acquire = {
    name: 'acquire',
    text: `update locks set holder = $2, fence = fence + 1, expires_at = now() + interval '30 s'
      where name = $1 and (holder is null or expires_at < now()) returning fence`,
    values: ['bench', 'me'],
  }
  const release = {
    name: 'release',
    text: `update locks set holder = null, expires_at = null where name = $1 and holder = $2 and fence = $3`,
  }
  return async () => {
    const { rows } = await pool.query<{ fence: string }>(acquire)
    await pool.query({ ...release, values: ['bench', 'me', rows[0]?.fence] })
  }
}
