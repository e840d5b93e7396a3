/** Targets that are made by a migration: a user who may create no tables refreshes into them. */
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { avg, count, sqlRollup, targetSql } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { hours, START, windowsOf } from './refresher.ts'

let server: PostgresAccess
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 3 })
  await pool.query('create table calls (at timestamptz not null, model text, ms bigint); create index on calls (at)')
})
afterEach(async () => {
  await pool.end()
  await database.drop()
})

const options = { source: 'calls', time: 'at', target: 'calls_hourly', by: ['model'], measures: { calls: count(), ms: avg('ms') } } as const
const { signal } = new AbortController()
const commitWith = () => Promise.reject(new Error('not here'))

it('are what the first refresh would have made', async () => {
  const rollup = sqlRollup({ ...options, pool })
  const sql = await targetSql({ pool }, rollup)
  const look = async () => {
    const columns = await pool.query(
      `select attname, format_type(atttypid, null) as type, attnotnull from pg_attribute where attrelid = to_regclass('calls_hourly') and attnum > 0 order by attnum`,
    )
    const indexes = await pool.query(`select indexdef from pg_indexes where tablename = 'calls_hourly'`)
    return [columns.rows, indexes.rows]
  }
  expect(await look()).toEqual([[], []])
  await pool.query(sql)
  const migrated = await look()
  await pool.query('drop table calls_hourly')
  const windows = windowsOf(hours(0))
  await rollup({ windows, from: new Date(START), to: new Date(START) }, { signal, commitWith })
  expect(await look()).toEqual(migrated)
})

it('are refreshed by who may create no tables', async () => {
  const rollup = sqlRollup({ ...options, pool })
  await pool.query(await targetSql({ pool }, rollup))
  await pool.query(`create role refresher_${process.pid}`)
  await pool.query(`grant select on calls to refresher_${process.pid}; grant select, insert, update, delete on calls_hourly to refresher_${process.pid};
    revoke create on schema public from public; insert into calls values ('${new Date(START).toISOString()}', 'a', 5)`)
  const limited = new Pool({ ...database.poolSettings, max: 2, options: `-c role=refresher_${process.pid}` })
  await expect(limited.query('create table more (id int)')).rejects.toMatchObject({ code: '42501' })
  const refresh = sqlRollup({ ...options, pool: limited })
  await refresh({ windows: windowsOf(hours(0)), from: new Date(START), to: new Date(START) }, { signal, commitWith })
  expect((await pool.query('select model, calls from calls_hourly')).rows).toEqual([{ model: 'a', calls: expect.anything() }])
  await limited.end()
  await pool.query(`drop owned by refresher_${process.pid}; drop role refresher_${process.pid}`)
})

it('refuse what the server refuses', async () => {
  const wrong = sqlRollup({ ...options, measures: { calls: count(), more: avg('nothing') } })
  await expect(targetSql({ pool }, wrong)).rejects.toMatchObject({ code: 'InvalidOption', message: expect.stringContaining('nothing') })
})
