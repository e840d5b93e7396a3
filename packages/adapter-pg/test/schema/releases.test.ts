/**
 * Released versions of the schema: from each, this code gets to the schema that it makes from nothing, and no step that was
 * released has changed. A release is frozen as `test/fixtures/schema-<version>.sql`; until the first one, this version
 * itself stands in.
 */
import { globSync, readFileSync } from 'node:fs'
import { PGlite } from '@electric-sql/pglite'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDriver } from '../../src/client/driver.ts'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { pgStore, schemaSql } from '../../src/index.ts'
import { schemaParts } from '../../src/parts.ts'
import { prepareSchema } from '../../src/schema/prepare-schema.ts'
import { versionOf } from '../../src/schema/schema-parts.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { dumpSchema } from './dump-schema.ts'
import { nextParts } from './next-version.ts'

const FIXTURES = new URL('../fixtures/', import.meta.url)
const newest = versionOf(schemaParts)

const frozen = globSync('schema-*.sql', { cwd: FIXTURES.pathname }).map((name) => ({
  version: Number(/\d+/.exec(name)?.[0]),
  sql: readFileSync(new URL(name, FIXTURES), 'utf8'),
}))
const releases = frozen.length > 0 ? frozen : [{ version: newest, sql: schemaSql() }]

let server: PostgresAccess
let database: Database
let pool: Pool
beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 2 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
  await server.close()
})

const dump = (): Promise<string> => dumpSchema(async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows, 'quarterjack')
const reset = async (): Promise<void> => void (await pool.query('drop schema if exists quarterjack cascade'))
const dumpOfNew = async (): Promise<string> => {
  await reset()
  await pgStore({ pool }).open()
  return dump()
}

describe('a released schema', () => {
  it.each(releases)('of version $version becomes what a new one is', async ({ sql }) => {
    const fresh = await dumpOfNew()
    await reset()
    await pool.query(sql)
    await pgStore({ pool }).open()
    // Functions, too: what changes in them reaches nobody without a new version.
    expect(await dump()).toBe(fresh)
  })

  it.each(releases)('of version $version is made by the same steps still', ({ version, sql }) => {
    for (const step of schemaParts.migrations.filter((one) => one.version <= version)) expect(sql).toContain(step.sql.trim())
  })

  it.each(releases)('of version $version can be carried on with data in it', async ({ sql }) => {
    await reset()
    await pool.query(sql)
    await pool.query(`insert into quarterjack.jobs (name) values ('mail')`)
    const driver = createDriver(createNodePgClient(pool), { store: 'pg', schema: 'quarterjack' })
    await prepareSchema(driver, nextParts, { store: 'pg', schema: 'quarterjack', migrates: true })
    expect((await pool.query('select name, made_up from quarterjack.jobs')).rows).toEqual([{ name: 'mail', made_up: null }])
    const before = await dump()
    // Code of this version comes along.
    await pgStore({ pool }).open()
    expect(await dump()).toBe(before)
  })
})

describe('the dump of a schema', () => {
  it('is the same on a server and in PGlite', async () => {
    const pglite = await PGlite.create()
    await pgStore({ pglite, hints: false }).open()
    const embedded = await dumpSchema(async (sql) => (await pglite.query<Record<string, unknown>>(sql)).rows, 'quarterjack')
    await pglite.close()
    expect(await dumpOfNew()).toBe(embedded)
  }, 60_000)

  it('shows a body that changed', async () => {
    const fresh = await dumpOfNew()
    await pool.query(`create or replace function quarterjack.store_now() returns bigint language sql volatile as 'select 1::bigint'`)
    expect(await dump()).not.toBe(fresh)
  })
})
