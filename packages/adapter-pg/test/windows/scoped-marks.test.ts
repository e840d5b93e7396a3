/** Room for marks of a part of a window, say of one tenant: what is there already, and how today's verbs take it. */
import type { Pool, PoolClient } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { claimDirty, drainOnce, prepareSite, refresh, startWorker, STEP, windowsOf } from './refresh-site.ts'

/** What a version that knows scopes adds beside the windows: nothing that is there changes. */
const SCOPES = /* sql */ `
create table quarterjack.window_scopes (
  rollup_id int not null, start_at bigint not null, scope text collate "C" not null, seq bigint not null,
  constraint window_scopes_pkey primary key (rollup_id, start_at, scope)
)`

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore<PoolClient>
let generations: ReadonlyMap<string, number>

beforeEach(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server, { max: 6 })
  ;({ store, pool } = own)
  generations = await prepareSite(store, pool)
})
afterEach(async () => {
  await own.close()
  await server.close()
})

const mark = (scope: string | null, at: number): Promise<unknown> =>
  pool.query(
    `insert into quarterjack.marks (source, from_at, to_at, kind, marked_at, scope) values ('calls', $1::bigint, $1::bigint + 1, 'changed', 1, $2)`,
    [at, scope],
  )
const dirty = async (): Promise<readonly unknown[]> =>
  (
    await pool.query(
      'select start_at::int as start, seq::int from quarterjack.windows where dirty_since is not null order by rollup_id, start_at',
    )
  ).rows

describe('marks of a part of a window', () => {
  it('stand in the log beside those of the whole, and dirty the whole for whoever knows no scopes', async () => {
    await mark('tenant 1', 1)
    await mark('tenant 2', 2)
    await mark(null, 3)
    await mark('tenant 1', STEP)
    expect((await windowsOf(store).collect({ limit: 10 })).sources[0]?.marks).toHaveLength(4)
    await drainOnce(windowsOf(store), 10)
    // Of both rollups: the first window, three times; and the second.
    const each = [
      { start: 0, seq: 3 },
      { start: STEP, seq: 1 },
    ]
    expect(await dirty()).toEqual([...each, ...each])
    expect((await pool.query('select from quarterjack.marks')).rowCount).toBe(0)
  })

  it('may be kept by window and scope beside the windows, and no verb of today touches that', async () => {
    await pool.query(SCOPES)
    await pool.query(`insert into quarterjack.window_scopes
      select u.id, 0, s, 1 from quarterjack.rollups u cross join unnest(array['tenant 1', 'tenant 2']) s`)
    const scopes = async () => (await pool.query('select * from quarterjack.window_scopes order by rollup_id, scope')).rows
    const before = await scopes()
    expect(before).toHaveLength(4)
    await mark('tenant 1', 1)
    await drainOnce(windowsOf(store), 10)
    const worker = await startWorker(store, 'worker')
    const commit = await claimDirty(store, worker, { rollup: 'hourly', generation: generations.get('hourly') ?? 0, most: 4 })
    if (commit === null) throw new Error('Nothing was dirty.')
    expect(commit.windows).toHaveLength(1)
    expect(await refresh(store, commit, async () => undefined)).toBe('committed')
    expect(await dirty()).toEqual([{ start: 0, seq: 1 }])
    expect(await scopes()).toEqual(before)
  })
})
