/** Mutexes on Postgres. */
import { pgStore } from '@quarterjack/adapter-pg'
import { Pool } from 'pg'
import type { TakeAndRelease } from './locker.ts'
import { takeAndReleaseOf } from './quarterjack.ts'

export async function quarterjackOnPg(url: string): Promise<TakeAndRelease> {
  return takeAndReleaseOf(pgStore({ pool: new Pool({ connectionString: url }) }))
}

/** A fenced pair of updates of one row: what a lease cannot do without. */
export async function bareOnPg(url: string): Promise<TakeAndRelease> {
  const pool = new Pool({ connectionString: url })
  await pool.query(`
    create table locks (name text primary key, holder text, fence bigint not null default 0, expires_at timestamptz) with (fillfactor = 50);
    insert into locks (name) values ('bench0');`)
  const acquire = {
    name: 'acquire',
    text: `update locks set holder = $2, fence = fence + 1, expires_at = now() + interval '30 s'
      where name = $1 and (holder is null or expires_at < now()) returning fence`,
  }
  const release = {
    name: 'release',
    text: `update locks set holder = null, expires_at = null where name = $1 and holder = $2 and fence = $3`,
  }
  return async (name) => {
    const { rows } = await pool.query<{ fence: string }>({ ...acquire, values: [name, 'me'] })
    await pool.query({ ...release, values: [name, 'me', rows[0]?.fence] })
  }
}
