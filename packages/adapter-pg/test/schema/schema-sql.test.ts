/** The schema itself: complete, valid, and the same as text. */
import { readdirSync, readFileSync } from 'node:fs'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { functions } from '../../src/functions/index.ts'
import { pgStore, schemaSql } from '../../src/index.ts'
import { schemaParts } from '../../src/parts.ts'
import { versionOf } from '../../src/schema/schema-parts.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { dumpSchema } from './dump-schema.ts'

let server: PostgresAccess
let database: Database
let pool: Pool
beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 4 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
  await server.close()
})

const dump = (schema: string): Promise<string> => dumpSchema(async (sql) => (await pool.query<Record<string, unknown>>(sql)).rows, schema)

describe('the schema', () => {
  it('lists every function that has a module', () => {
    const folder = new URL('../../src/functions/', import.meta.url)
    const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'))
    const written = texts.flatMap((text) => [...text.matchAll(/: SqlFunction = \{\s*name: '(\w+)'/g)].map(([, name]) => name))
    expect([...functions.public, ...functions.internal].map(({ name }) => name).sort()).toEqual(written.sort())
  })

  it('has a function for every verb of the contract, for one lease, one trigger and one claim alone, and for both ends of commits', () => {
    const count = (part: string): number => functions.public.filter(({ name }) => name.startsWith(`${part}_`)).length
    const parts = { schedules: 13, runs: 15, leases: 6, windows: 11, backfills: 5, commits: 4 }
    expect(Object.fromEntries(Object.keys(parts).map((part) => [part, count(part)]))).toEqual(parts)
    expect(functions.public).toHaveLength(54)
  })

  it('is valid throughout, in whatever order functions were created', async () => {
    await pgStore({ pool, schema: 'valid' }).open()
    const client = await pool.connect()
    // Now that all are there, each is created again and checked.
    await client.query(`begin; set local search_path to valid, pg_temp; set local check_function_bodies = on`)
    for (const { name, sql } of [...functions.internal, ...functions.public]) {
      await expect(client.query(sql), name).resolves.toMatchObject({ command: 'CREATE' })
    }
    await client.query('rollback')
    client.release()
  })

  it('as text makes what open() makes', async () => {
    await pgStore({ pool, schema: 'opened' }).open()
    await pool.query(schemaSql({ schema: 'written' }))
    const opened = await dump('opened')
    expect(opened.split('\n').length).toBeGreaterThan(300)
    expect(await dump('written')).toBe(opened)
  })

  it('as text for a schema that is up to date only replaces functions', () => {
    const sql = schemaSql({ from: versionOf(schemaParts) })
    expect(sql).not.toContain('create table')
    expect(sql).toContain('create or replace function runs_claim')
  })
})
