/** A schema that vanishes under a running scheduler, as while a backup is restored, and comes back. */
import { createScheduler, defineJob } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { expect, it } from 'vitest'
import { pgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'

it('a scheduler says what is missing, and goes on by itself when it is back', async () => {
  await using server = await obtainPostgres()
  await using database = await server.createDatabase()
  const pool = new Pool({ ...database.poolSettings, max: 4 })
  const store = pgStore({ pool })
  const mail = defineJob({ name: 'mail', run: () => 'sent' })
  const scheduler = createScheduler({ store, jobs: [mail], logger: false, lease: '2s' })
  await scheduler.start()
  const run = await scheduler.trigger(mail, undefined, { delay: '1s' })

  await pool.query('alter schema quarterjack rename to elsewhere')
  await until('health tells', async () => (await scheduler.health()).store.error !== null)
  expect((await scheduler.health()).store.error).toMatch(/schema "quarterjack" is not there.*schemaSql/s)
  await expect(scheduler.trigger(mail)).rejects.toMatchObject({ code: 'StoreUnavailable' })

  await pool.query('alter schema elsewhere rename to quarterjack')
  expect(await run.finished()).toBe('sent')
  await until('health is fine', async () => (await scheduler.health()).status === 'ok')
  await scheduler.stop()
  await store.close()
  await pool.end()
}, 60_000)
