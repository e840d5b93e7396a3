/** Creating, upgrading and checking the schema. */
import { PGlite } from '@electric-sql/pglite'
import { Pool, type PoolConfig } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDriver, type Driver } from '../../src/client/driver.ts'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { createPGliteClient } from '../../src/client/pglite.ts'
import { prepareSchema } from '../../src/schema/prepare-schema.ts'
import type { Migration, SchemaParts } from '../../src/schema/schema-parts.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

const v1: Migration = { version: 1, name: 'begin', sql: 'create table things (id int);', oldestCode: 1 }
const v2: Migration = { version: 2, name: 'more', sql: 'alter table things add more text', oldestCode: 1 }
const v3: Migration = { version: 3, name: 'break', sql: 'alter table things drop more;', oldestCode: 3 }
const parts = (migrations: readonly Migration[], word = 'hello'): SchemaParts => ({
  migrations,
  functions: {
    public: [
      {
        name: 'greet',
        sql: `create or replace function greet(p json) returns json language plpgsql as $$ begin return json_build_object('said', word(), 'things', (select count(*) from things)); end $$`,
      },
    ],
    // Called by the one above, and calls one that comes later.
    internal: [
      { name: 'word', sql: `create or replace function word() returns text language sql as $$ select inner_word() $$;` },
      { name: 'inner_word', sql: `create or replace function inner_word() returns text language sql as $$ select '${word}' $$` },
    ],
  },
})

let server: PostgresAccess
let database: Database
const pools: Pool[] = []
const connect = (config: PoolConfig = {}): Driver => {
  const pool = new Pool({ ...database.poolSettings, max: 2, ...config })
  pools.push(pool)
  return createDriver(createNodePgClient(pool), { store: 'pg', schema: 'try' })
}
const prepare = (driver: Driver, wanted: SchemaParts, migrates = true): Promise<void> =>
  prepareSchema(driver, wanted, { store: 'pg', schema: 'try', migrates })
const rows = async (sql: string): Promise<readonly unknown[]> => (await connect().query('look', { sql })).map(([value]) => value)

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
})
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
  await database.drop()
})

describe('migrating', () => {
  it('creates the schema and keeps its books', async () => {
    const driver = connect()
    await prepare(driver, parts([v1]))
    expect(await driver.call('greet', {})).toEqual({ said: 'hello', things: 0 })
    expect(await rows(`select version || '/' || oldest_code from try.meta`)).toEqual(['1/1'])
    expect(await rows(`select version || ' ' || name || ' ' || library from try.migrations`)).toEqual(['1 begin 0.0.0'])
    await prepare(driver, parts([v1]))
    expect(await rows('select count(*)::text from try.migrations')).toEqual(['1'])
  })

  it('uses a schema that is there already', async () => {
    const driver = connect()
    await driver.query('x', { sql: 'create schema try' })
    await prepare(driver, parts([v1]))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'hello' })
  })

  it('goes forward, and replaces functions', async () => {
    const driver = connect()
    await prepare(driver, parts([v1]))
    await prepare(driver, parts([v1, v2], 'good day'))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'good day' })
    expect(await rows('select version::text from try.migrations order by version')).toEqual(['1', '2'])
    expect(await rows(`select version || '/' || oldest_code from try.meta`)).toEqual(['2/1'])
  })

  it('takes several steps at once', async () => {
    await prepare(connect(), parts([v1, v2, v3]))
    expect(await rows(`select version || '/' || oldest_code from try.meta`)).toEqual(['3/3'])
  })

  it('happens once when twenty processes begin together', async () => {
    const drivers = Array.from({ length: 20 }, () => connect({ max: 1 }))
    await Promise.all(drivers.map((driver) => prepare(driver, parts([v1]))))
    await Promise.all(drivers.map((driver, index) => prepare(driver, index % 2 === 0 ? parts([v1, v2]) : parts([v1]))))
    expect(await rows('select version::text from try.migrations order by version')).toEqual(['1', '2'])
  })

  it('is all or nothing', async () => {
    const driver = connect()
    const broken = { ...v2, sql: 'alter table things add more text; select nonsense' }
    await expect(prepare(driver, parts([v1, broken]))).rejects.toMatchObject({
      code: 'StoreUnavailable',
      message: expect.stringMatching(/open: migrate failed: .*nonsense/),
    })
    expect(await rows(`select count(*)::text from pg_namespace where nspname = 'try'`)).toEqual(['0'])
    await prepare(driver, parts([v1, v2]))
  })

  it('finds its functions whatever the search_path of the caller', async () => {
    const driver = connect({ options: '-c search_path=pg_catalog' })
    await prepare(driver, parts([v1]))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'hello' })
  })

  it('works in PGlite', async () => {
    const pglite = await PGlite.create()
    const driver = createDriver(createPGliteClient(pglite), { store: 'pglite', schema: 'try' })
    await Promise.all([prepare(driver, parts([v1])), prepare(driver, parts([v1]))])
    await prepare(driver, parts([v1, v2], 'good day'))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'good day' })
    await pglite.close()
  })
})

describe('versions that meet', () => {
  it('the code before works on the schema after, and leaves it alone', async () => {
    const driver = connect()
    await prepare(driver, parts([v1, v2], 'good day'))
    await prepare(driver, parts([v1]))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'good day' })
  })

  it('code that a step left behind is told to upgrade', async () => {
    await prepare(connect(), parts([v1, v2, v3]))
    await expect(prepare(connect(), parts([v1, v2]))).rejects.toMatchObject({
      code: 'SchemaNewer',
      message: expect.stringMatching(/has version 3, which needs code of version 3 or later; this one is of version 2\. Upgrade/),
    })
  })
})

describe('without migrating', () => {
  it.each([
    ['there is no such schema', undefined],
    ['nothing of the library is in it', 'create schema try'],
  ])('says that %s', async (found, sql) => {
    const driver = connect()
    if (sql !== undefined) await driver.query('x', { sql })
    await expect(prepare(driver, parts([v1]), false)).rejects.toMatchObject({
      code: 'SchemaMissing',
      message: expect.stringMatching(new RegExp(`${found}, and version 1 is needed.*schemaSql`, 's')),
    })
  })

  it('says which version it found', async () => {
    const driver = connect()
    await prepare(driver, parts([v1]))
    await prepare(driver, parts([v1]), false)
    await expect(prepare(driver, parts([v1, v2]), false)).rejects.toMatchObject({
      code: 'SchemaMissing',
      message: expect.stringMatching(/it has version 1, and version 2 is needed.*from: 1/s),
    })
  })
})

describe('users and servers that will not do', () => {
  const asUser = async (name: string, grants = ''): Promise<Driver> => {
    await connect().transaction('x', (connection) => connection.exec(`create role ${name} login; ${grants}`))
    return connect({ user: name })
  }
  const dropUser = (name: string): Promise<unknown> =>
    connect().transaction('x', (connection) => connection.exec(`drop owned by ${name}; drop role ${name}`))

  it('a user who may not create schemas is told what to grant', async () => {
    const driver = await asUser('qj_plain')
    await expect(prepare(driver, parts([v1]))).rejects.toThrow(
      /user "qj_plain" may not create the schema "try".*grant create on database "qj_test_\w+" to "qj_plain"/s,
    )
    await dropUser('qj_plain')
  })

  it('a user without the schema is told so', async () => {
    await prepare(connect(), parts([v1]))
    const driver = await asUser('qj_stranger')
    await expect(prepare(driver, parts([v1]), false)).rejects.toThrow(/user "qj_stranger" has no USAGE privilege/)
    await expect(driver.call('greet', {})).rejects.toThrow(/42501.*USAGE on schema "try"/s)
    await dropUser('qj_stranger')
  })

  it('a user may own a schema that somebody made for them', async () => {
    const driver = await asUser('qj_owner', 'create schema try authorization qj_owner')
    await prepare(driver, parts([v1]))
    expect(await driver.call('greet', {})).toMatchObject({ said: 'hello' })
    await dropUser('qj_owner')
  })

  it('a table of the user in the way is named', async () => {
    const driver = connect()
    await driver.transaction('x', (connection) => connection.exec('create schema try; create table try.things (mine int)'))
    await expect(prepare(driver, parts([v1]))).rejects.toMatchObject({
      code: 'InvalidOption',
      message: expect.stringMatching(/"things".*option "schema"/s),
    })
  })

  it('another isolation than the one that the rules are written for is refused', async () => {
    const driver = connect({ options: '-c default_transaction_isolation=serializable' })
    await expect(prepare(driver, parts([v1]))).rejects.toMatchObject({
      code: 'StoreUnsupported',
      message: expect.stringMatching(/"serializable".*"read committed"/s),
    })
  })

  it('a server that only takes reads is refused', async () => {
    const driver = connect({ options: '-c default_transaction_read_only=on' })
    await expect(prepare(driver, parts([v1]))).rejects.toThrow(/only takes reads.*primary/s)
  })

  it('another encoding than UTF8 is refused', async () => {
    const driver = connect()
    await driver.query('x', { sql: `create database qj_latin template template0 encoding 'LATIN1' locale 'C'` })
    await expect(prepare(connect({ database: 'qj_latin' }), parts([v1]))).rejects.toMatchObject({
      code: 'StoreUnsupported',
      message: expect.stringContaining('"qj_latin" is encoded in LATIN1'),
    })
    await Promise.all(pools.splice(1).map((pool) => pool.end()))
    await connect().query('x', { sql: 'drop database qj_latin with (force)' })
  })

  it('limits of the user on statements and locks do not stop a migration', async () => {
    const slow = { ...v1, sql: `${v1.sql} select pg_sleep(0.2)` }
    await expect(prepare(connect({ statement_timeout: 50, lock_timeout: 50 }), parts([slow]))).resolves.toBeUndefined()
  })
})
