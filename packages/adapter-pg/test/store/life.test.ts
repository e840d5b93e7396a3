/** The life of a store: opening, closing, and what it must not keep from ending. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

let server: PostgresServer
let database: Database
beforeAll(async () => {
  server = await startPostgres()
  database = await server.createDatabase()
})
afterAll(() => server.close())

describe('a store', () => {
  it('can be opened by many at once, closed twice, and opened again', async () => {
    const pool = new Pool({ ...database.poolSettings, max: 2 })
    const store = pgStore({ pool })
    await Promise.all([store.open(), store.open(), store.open()])
    await store.close()
    await store.close()
    await expect(store.now()).rejects.toMatchObject({ code: 'StoreClosed' })
    expect(() => store.watch(() => undefined)).toThrow(/closed/)
    await store.open()
    expect(Math.abs((await store.now()) - Date.now())).toBeLessThan(60_000)
    await store.close()
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await pool.end()
  })

  it('is opened by a later try when the server was away', async () => {
    await server.stop()
    const pool = new Pool({ ...database.poolSettings, max: 2 })
    const store = pgStore({ pool })
    await expect(store.open()).rejects.toMatchObject({ code: 'StoreUnavailable', message: expect.stringMatching(/Check host and port/) })
    await server.start()
    await store.open()
    await store.close()
    await pool.end()
  })

  it('leaves no connection of its own behind', async () => {
    const pool = new Pool({ ...database.poolSettings, max: 2 })
    const store = pgStore({ pool })
    await store.open()
    const unwatch = store.watch(() => undefined)
    await until('it listens', () => store.hintStatus.state === 'on')
    const taken = [await pool.connect(), await pool.connect()]
    await store.leases.renew({ leases: [] })
    const count = async (): Promise<unknown> =>
      (await taken[0]?.query(`select count(*)::int as n from pg_stat_activity where datname = current_database()`))?.rows[0]?.n
    expect(await count()).toBe(4)
    unwatch()
    await store.close()
    await until('they are gone', async () => (await count()) === 2)
    for (const client of taken) client.release()
    await pool.end()
  })

  it('does not keep a process alive that has ended its pool', async () => {
    const script = `
      import { Pool } from 'pg'
      import { pgStore } from '@quarterjack/adapter-pg'
      const pool = new Pool({ connectionString: process.argv[1], max: 1 })
      const store = pgStore({ pool })
      await store.open()
      store.watch(() => undefined)
      while (store.hintStatus.state !== 'on') await new Promise((resolve) => setTimeout(resolve, 5))
      const taken = await pool.connect()
      await store.leases.renew({ leases: [] })
      taken.release()
      await pool.end()
      console.log('ended')`
    const args = ['--conditions=@quarterjack/source', '--input-type=module', '--eval', script, database.url]
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: new URL('../..', import.meta.url), timeout: 20_000 })
    expect(stdout).toContain('ended')
  })
})
