/** What every client's seam must do, on a real server and in PGlite. */
import { PGlite } from '@electric-sql/pglite'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { createPGliteClient } from '../../src/client/pglite.ts'
import { createPostgresJsClient } from '../../src/client/postgres-js.ts'
import type { SqlClient } from '../../src/client/sql-client.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

interface Made {
  readonly client: SqlClient
  end(): Promise<unknown>
}

const KINDS: Readonly<Record<string, (database: Database) => Promise<Made>>> = {
  async pg({ poolSettings }) {
    const pool = new Pool({ ...poolSettings, max: 2 })
    return { client: createNodePgClient(pool), end: () => pool.end() }
  },
  async 'postgres.js'({ url }) {
    const sql = postgres(url, { max: 2, transform: postgres.camel, onnotice: () => undefined })
    return { client: createPostgresJsClient(sql), end: () => sql.end() }
  },
  async pglite() {
    const database = await PGlite.create()
    return { client: createPGliteClient(database), end: () => database.close() }
  },
}

let server: PostgresAccess
beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())

describe.each(Object.keys(KINDS))('by way of %s', (kind) => {
  let database: Database
  let made: Made
  let driver: Driver

  beforeAll(async () => {
    database = await server.createDatabase()
    made = await (KINDS[kind] as (database: Database) => Promise<Made>)(database)
    driver = createDriver(made.client, { store: 'pg', schema: 'Try' })
    await driver.transaction('set up', (connection) =>
      connection.exec(`
        create schema "Try";
        create table "Try".notes (note text);
        create function "Try".echo_it(p json) returns json language sql as 'select p';
        create function "Try".nothing(p json) returns json language sql as 'select null::json';
        create function "Try".refuse(p json) returns json language plpgsql as $$ begin raise exception 'not today' using errcode = '55P03'; end $$;`),
    )
    // PGlite takes its time.
  }, 60_000)
  afterAll(async () => {
    await driver.close()
    await made.end()
    await database.drop()
  })

  it('calls a function with JSON and gives its JSON', async () => {
    const request = { name: 'm\0 \uD800 \uE000 😀 "\\', list: [1, null, { deep: true }], fence: 1_795_314_730_917_453, $1: "it's" }
    expect(await driver.call('echo_it', request)).toEqual(request)
    expect(await driver.call('nothing', {})).toBeNull()
  })

  it('answers calls that come together, each with its own', async () => {
    const asked = Array.from({ length: 60 }, (_, index) => ({ index }))
    expect(await Promise.all(asked.map((request, index) => driver.call('echo_it', request, { isUrgent: index % 2 === 0 })))).toEqual(asked)
  })

  it('takes any text as a parameter, and nothing of it for SQL', async () => {
    const texts = [
      `'; drop schema "Try" cascade; --`,
      `\\'; select 1; --`,
      `\\`,
      `$1 $2 $$ $x$`,
      `E'\\x41'`,
      '',
      `"'"`,
      '\n\t\u0001',
      '%s ? :a {}',
    ]
    for (const text of texts) {
      expect(await driver.query('x', { sql: 'select $1::text, $2::text, $1::text', values: [text, 'b'] })).toEqual([[text, 'b', text]])
      expect(await driver.call('echo_it', { text })).toEqual({ text })
    }
  })

  it('gives columns as text, by position, with and without parameters', async () => {
    expect(await driver.query('x', { sql: 'select 1::text as a, 2::text as a, null::text' })).toEqual([['1', '2', null]])
    expect(await driver.query('x', { sql: 'select $1::text::int::text as some_name', values: ['7'], isFixed: true })).toEqual([['7']])
    expect(await driver.query('x', { sql: "select '{}'::text where false" })).toEqual([])
  })

  it('commits what a transaction did, or takes it back', async () => {
    const count = async (): Promise<unknown> => (await driver.query('x', { sql: 'select count(*)::text from "Try".notes' }))[0]?.[0]
    const result = await driver.transaction('x', async (connection) => {
      await connection.exec(`insert into "Try".notes values ('a'); insert into "Try".notes values ('b')`)
      const several = await connection.exec(`set local jit = off; select note from "Try".notes order by 1; savepoint x`)
      expect(several).toEqual([['a'], ['b']])
      return (await connection.query('select note from "Try".notes where note > $1::text', ['a']))[0]?.[0]
    })
    expect(result).toBe('b')
    expect(await count()).toBe('2')
    const failed = driver.transaction('x', async (connection) => {
      await connection.exec(`insert into "Try".notes values ('c')`)
      throw new Error('changed my mind')
    })
    await expect(failed).rejects.toThrow(/changed my mind/)
    await expect(driver.transaction('x', (connection) => connection.exec('select broken'))).rejects.toMatchObject({
      code: 'StoreUnavailable',
    })
    expect(await count()).toBe('2')
  })

  it('gives errors a code, and names the verb', async () => {
    await expect(driver.call('refuse', {})).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/^store "pg": refuse failed: not today \(55P03\)\. A lock was not free/),
      cause: { code: '55P03' },
    })
    await expect(driver.call('runs_release_gates', {})).rejects.toThrow(/runs\.releaseGates failed: .*42883.*schemaSql/s)
    // An error spoils nothing that comes after it.
    expect(await driver.call('echo_it', {})).toEqual({})
  })

  it('hears a channel until it is left', async () => {
    const heard: string[] = []
    let listening = 0
    const unlisten = await driver.listen?.('Try_hints', {
      onListening: () => listening++,
      onMessage: (payload) => heard.push(payload),
      onLost: (error) => heard.push(String(error)),
    })
    expect(listening).toBe(1)
    const say = (word: string): Promise<unknown> =>
      driver.query('x', { sql: 'select pg_notify($1::text, $2::text)::text', values: ['Try_hints', word] })
    await say('one')
    await until('the first word', () => heard.length === 1)
    await unlisten?.()
    await say('two')
    await driver.call('echo_it', {})
    expect(heard).toEqual(['one'])
  })
})
