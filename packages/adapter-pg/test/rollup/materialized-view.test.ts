import { createScheduler, defineJob, memoryStore } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refreshMaterializedView } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { type PostgresServer, startPostgres } from '../servers/postgres.ts'

let server: PostgresServer
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 3 })
  pool.on('error', () => undefined)
  await pool.query(`create table notes (id int); create materialized view summary as select count(*)::int as notes, 1 as id from notes;
    create unique index on summary (id)`)
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

async function notes(): Promise<number> {
  const { rows } = await pool.query('select notes from summary')
  return rows[0].notes
}

describe('a materialized view', () => {
  it.each([false, true])('is refreshed as the run of a job that comes after another, concurrently: %s', async (concurrently) => {
    const fill = defineJob({ name: 'fill', run: async () => void (await pool.query('insert into notes values (1)')) })
    const view = defineJob({ name: 'view', after: [fill], run: refreshMaterializedView({ pool }, 'public.summary', { concurrently }) })
    await using scheduler = createScheduler({ store: memoryStore(), jobs: [fill, view] })
    await scheduler.start()
    await (await scheduler.trigger(fill)).finished()
    await until('the view has the note', async () => (await notes()) === 1)
  })

  it('is no longer refreshed once the run is aborted', async () => {
    await pool.query(`create function nap() returns int language sql as 'select 1 from pg_sleep(60)';
      create materialized view endless as select nap() with no data`)
    const abort = new AbortController()
    const refreshing = refreshMaterializedView({ pool }, 'endless')({ signal: abort.signal })
    const busy = async (): Promise<boolean> => {
      const { rows } = await pool.query(
        `select 1 from pg_stat_activity where query like 'refresh%' and state = 'active' and datname = current_database()`,
      )
      return rows.length === 1
    }
    await until('the view is being refreshed', busy)
    abort.abort(new Error('too late'))
    await expect(refreshing).rejects.toThrow('too late')
    expect(await busy()).toBe(false)
  })

  it('that is not there fails the run with the words of the server', async () => {
    const { signal } = new AbortController()
    await expect(refreshMaterializedView({ pool }, 'missing')({ signal })).rejects.toThrow(/"missing" does not exist/)
  })

  it('is refused at once when its name is not usable', () => {
    expect(() => refreshMaterializedView({ pool }, 'a"b')).toThrow(expect.objectContaining({ code: 'InvalidOption' }))
    expect(() => refreshMaterializedView({} as never, 'a')).toThrow(/refreshMaterializedView: no client was given/)
  })
})
