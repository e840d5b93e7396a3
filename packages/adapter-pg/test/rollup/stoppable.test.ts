/** Transactions of our own on a database of the user's: what the server is told about them, and how they are stopped. */
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createNodePgClient } from '../../src/client/node-pg.ts'
import { stoppable } from '../../src/rollup/stoppable.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

let server: PostgresAccess
let database: Database
let pool: Pool

beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
  const options = '-c default_transaction_isolation=serializable -c idle_in_transaction_session_timeout=2s'
  pool = new Pool({ ...database.poolSettings, max: 3, options })
  pool.on('error', () => undefined)
})
afterAll(async () => {
  await pool.end()
  await database.drop()
  await server.close()
})

const SETTINGS = ['transaction_isolation', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
const settings = `select ${SETTINGS.map((name) => `current_setting('${name}') as ${name}`).join(', ')}`

async function within(timeoutMs: number | null): Promise<readonly (string | null)[] | undefined> {
  const { signal } = new AbortController()
  const [row] = await stoppable(createNodePgClient(pool), { signal, timeoutMs }, (connection) => connection.query(settings))
  return row
}

it('are READ COMMITTED and bounded, for as long as they last; limits that are shorter already stay', async () => {
  expect(await within(4_000)).toEqual(['read committed', '5s', '5s', '2s'])
  expect(await within(null)).toEqual(['read committed', '601s', '1min', '2s'])
  const { rows } = await pool.query(settings)
  expect(Object.values(rows[0] as object)).toEqual(['serializable', '0', '0', '2s'])
})

it('end at the server by themselves when the process does not come back to them', async () => {
  const { signal } = new AbortController()
  const sleeping = stoppable(createNodePgClient(pool), { signal, timeoutMs: 0 }, (connection) => connection.query('select pg_sleep(60)'))
  await expect(sleeping).rejects.toMatchObject({ code: '57014' })
})

it('are stopped, also where the abort comes between two statements', async () => {
  const abort = new AbortController()
  const working = stoppable(createNodePgClient(pool), { signal: abort.signal }, async (connection) => {
    await connection.query('select 1')
    abort.abort(new Error('too late'))
    await until('nobody stops anything now', async () => {
      const { rows } = await pool.query(`select from pg_stat_activity where query like 'select pg_cancel_backend%' and state = 'idle'`)
      return rows.length > 0
    })
    await connection.query('select pg_sleep(60)')
  })
  await expect(working).rejects.toThrow('too late')
})

it('stop nothing that comes after them on the same connection', async () => {
  const single = new Pool({ ...database.poolSettings, max: 1 })
  const abort = new AbortController()
  const seam = createNodePgClient(single)
  const working = stoppable(seam, { signal: abort.signal }, async () => {
    abort.abort(new Error('too late'))
    throw new Error('ended')
  })
  await expect(working).rejects.toThrow('too late')
  expect(await seam.run({ sql: `select 'done' from pg_sleep(0.5)` })).toEqual([['done']])
  await seam.close()
  await single.end()
})
