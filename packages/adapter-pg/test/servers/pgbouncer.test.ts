/** PgBouncer as tests start it: sessions change hands with every transaction. */
import { Pool } from 'pg'
import { expect, it } from 'vitest'
import { obtainPostgres } from './obtain-postgres.ts'
import { startPgbouncer } from './pgbouncer.ts'

it('lets many clients share few sessions, transaction by transaction', async () => {
  await using server = await obtainPostgres()
  await using database = await server.createDatabase()
  await using bouncer = await startPgbouncer({ url: server.url, poolSize: 3 })
  const pool = new Pool({ ...bouncer.through(database.url).poolSettings, max: 12 })
  try {
    const clients = await Promise.all(Array.from({ length: 12 }, () => pool.connect()))
    const pids = await Promise.all(
      clients.map(async (client) => (await client.query('select pg_backend_pid() pid, pg_sleep(0.02)')).rows[0].pid),
    )
    expect(new Set(pids).size).toBeLessThanOrEqual(3)
    for (const client of clients) client.release()
  } finally {
    await pool.end()
  }
}, 600_000)
