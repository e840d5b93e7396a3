/** `query` and `transaction` by way of every client: the user's own statements through the store. */
import { PGlite } from '@electric-sql/pglite'
import { createScheduler, defineJob, type Scheduler } from '@quarterjack/core'
import { Pool } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { type AnyClient, COMMIT_KINDS, type CommitSite, NOTES, note, say } from './commit-kinds.ts'

let server: PostgresAccess
beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())

describe.each(Object.keys(COMMIT_KINDS))('by way of %s', (kind) => {
  let site: CommitSite
  let store: PgStore<AnyClient>
  let scheduler: Scheduler
  const mail = defineJob({ name: 'mail', run: () => undefined })

  beforeAll(async () => {
    site = await (COMMIT_KINDS[kind] as (server: PostgresAccess) => Promise<CommitSite>)(server)
    store = site.store
    for (const statement of NOTES.split(';')) await site.query(statement)
    scheduler = createScheduler({ store, jobs: [mail], logger: false })
    await scheduler.start()
    // PGlite takes its time.
  }, 60_000)
  afterAll(async () => {
    await scheduler.stop()
    await store.close()
    await site.end()
  })
  beforeEach(() => site.query('delete from notes'))

  const notes = async (): Promise<readonly unknown[]> =>
    (await store.query<{ note: string }>('select note from notes order by note')).rows.map((row) => row.note)

  it('query sends values apart from the text, and gives rows by name', async () => {
    const text = `it's $1; drop table notes --`
    expect(await store.query('insert into notes values ($1, null) returning note', [text])).toEqual({ rows: [{ note: text }] })
    expect(await store.query('select $1::int + 1 as n, $2::text as nothing', [1, null])).toEqual({ rows: [{ n: 2, nothing: null }] })
    expect(await store.query('select note from notes where false')).toEqual({ rows: [] })
  })

  it('query takes one statement, also without values', async () => {
    await expect(store.query(`insert into notes values ('a'); insert into notes values ('b')`)).rejects.toMatchObject({ code: '42601' })
    expect(await notes()).toEqual([])
  })

  it('query throws what the server says as it is, and works on', async () => {
    await store.query('insert into notes values ($1)', ['a'])
    await expect(store.query('insert into notes values ($1)', ['a'])).rejects.toMatchObject({ code: '23505' })
    expect(await notes()).toEqual(['a'])
  })

  it('transaction commits what was done, and gives what the work returned', async () => {
    const result = await store.transaction(async (client) => {
      await note(client, 'a')
      expect(kind === 'pglite' ? [] : await notes(), 'nobody else sees it yet').toEqual([])
      await note(client, 'b')
      return 2
    })
    expect(result).toBe(2)
    expect(await notes()).toEqual(['a', 'b'])
  })

  it('transaction takes back what was done when the work throws, and throws the same', async () => {
    const error = new Error('changed my mind')
    const work = store.transaction(async (client) => {
      await note(client, 'a')
      throw error
    })
    await expect(work).rejects.toBe(error)
    await expect(store.transaction((client) => say(client, 'select nonsense'))).rejects.toMatchObject({ code: '42703' })
    expect(await notes()).toEqual([])
  })

  it('transaction does not pass off as committed what the server took back', async () => {
    const work = store.transaction(async (client) => {
      await note(client, 'a')
      await say(client, 'select nonsense').catch(() => undefined)
      return 'done'
    })
    // postgres.js tells of the first failure itself.
    await expect(work).rejects.toMatchObject({ code: kind === 'postgres.js' ? '42703' : 'StoreUnavailable' })
    expect(await notes()).toEqual([])
    await store.transaction((client) => note(client, 'b'))
    expect(await notes()).toEqual(['b'])
  })

  it('transaction throws what the server says to COMMIT as it is', async () => {
    const work = store.transaction((client) => say(client, `insert into notes values ('a', 'nobody')`))
    await expect(work).rejects.toMatchObject({ code: '23503' })
    expect(await notes()).toEqual([])
  })

  it('a trigger belongs to the transaction that hands out its client', async () => {
    const kept = await store.transaction(async (client) => {
      await note(client, 'a')
      return scheduler.trigger(mail, undefined, { tx: client })
    })
    let lost = ''
    await store
      .transaction(async (client) => {
        lost = (await scheduler.trigger(mail, undefined, { tx: client })).id
        throw new Error('changed my mind')
      })
      .catch(() => undefined)
    await kept.finished({ timeout: '10s' })
    expect(await scheduler.runs.get(lost)).toBeNull()
    expect((await scheduler.runs.find({ job: mail })).map(({ id }) => id)).toEqual([kept.id])
  })

  it.skipIf(kind === 'pglite' /* it has no connection that could be lost */)('the first error stays when taking back fails', async () => {
    const error = new Error('changed my mind')
    const work = store.transaction(async (client) => {
      await note(client, 'a')
      await say(client, `select set_config('application_name', 'doomed', true)`)
      await store.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'`)
      throw error
    })
    await expect(work).rejects.toBe(error)
    expect(await notes()).toEqual([])
  })
})

describe('a store that is not open', () => {
  it('takes neither before open() nor after close(), and both while it is being opened', async () => {
    const pglite = await PGlite.create()
    const store = pgStore({ pglite })
    const refused = async (): Promise<void> => {
      let hasBegun = false
      const work = async (): Promise<void> => {
        hasBegun = true
      }
      await expect(store.query('select 1')).rejects.toMatchObject({ code: 'StoreClosed' })
      await expect(store.transaction(work)).rejects.toMatchObject({ code: 'StoreClosed' })
      expect(hasBegun).toBe(false)
    }
    await refused()
    const opened = store.open()
    const tables = await store.query(`select count(*)::int as n from pg_tables where schemaname = 'quarterjack' and tablename = 'runs'`)
    expect(tables.rows, 'it waited for the schema').toEqual([{ n: 1 }])
    await opened
    expect(await store.transaction(async (tx) => (await tx.query('select 2 as n')).rows)).toEqual([{ n: 2 }])
    await store.close()
    await refused()
    await pglite.close()
  }, 60_000)

  it('has a code and a remedy for a server that is away', async () => {
    const { poolSettings, drop } = await server.createDatabase()
    const pool = new Pool({ ...poolSettings, max: 1 })
    const store = pgStore({ pool })
    await store.open()
    await pool.end()
    const unavailable = { code: 'StoreUnavailable', message: expect.stringMatching(/The client was ended/) }
    await expect(store.query('select 1')).rejects.toMatchObject(unavailable)
    await expect(store.transaction(async () => undefined)).rejects.toMatchObject(unavailable)
    await store.close()
    await drop()
  })
})
