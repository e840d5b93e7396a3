/** Work that lies ahead is found in time without any hint: each look also tells when the next one is due. */
import { at, createScheduler, defineJob, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'

/** The slow poll comes as often as the lease is long. */
const LEASE_MS = 6_000

let server: PostgresAccess
let database: Database
const endings: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  server = await obtainPostgres()
  database = await server.createDatabase()
})
afterAll(async () => {
  await database.drop()
  await server.close()
})
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const open = (): PgStore => {
  const pool = new Pool({ ...database.poolSettings, max: 2 })
  const store = pgStore({ pool, hints: false })
  endings.push(async () => {
    await store.close()
    await pool.end()
  })
  return store
}

describe('a process that hears no hints', () => {
  it('starts what another one has triggered with a delay, or scheduled, at its instant, and not with the slow poll', async () => {
    const late = new Map<string, number>()
    let dueAt = new Map<string, number>()
    const mail = defineJob({ name: 'mail', run: ({ key }) => void late.set(key, Date.now() - (dueAt.get(key) ?? 0)) })
    const sync = defineJob({ name: 'sync', run: ({ key, slot }) => void late.set(key, Date.now() - Number(slot)) })
    const worker: Scheduler = createScheduler({ store: open(), jobs: [mail, sync], logger: false, lease: LEASE_MS })
    const client: Scheduler = createScheduler({ store: open(), jobs: [mail, sync], logger: false })
    endings.push(() => worker.stop())
    await worker.start()
    // Beyond the next slow poll, so that one of them sees it; each at another distance from the one after.
    const delays = [7_000, 7_900, 9_300, 10_600]
    dueAt = new Map(delays.map((delay) => [`after ${delay}`, Date.now() + delay]))
    await Promise.all(delays.map((delay) => client.trigger(mail, undefined, { key: `after ${delay}`, delay })))
    await client.schedules.set(sync, { key: 'tenant', schedule: at(new Date(Date.now() + 8_500)) })
    await until('the last has run', () => late.has('after 10600'))
    for (const delay of delays) expect(late.get(`after ${delay}`)).toBeLessThan(700)
    expect(late.get('tenant')).toBeLessThan(700)
    for (const lateMs of late.values()) expect(lateMs).toBeGreaterThanOrEqual(-20)
  }, 60_000)

  it('takes in what another one has triggered within a transaction, with the slow poll at the latest', async () => {
    const ran: string[] = []
    const mail = defineJob({ name: 'mail', run: ({ runId }) => void ran.push(runId) })
    const worker = createScheduler({ store: open(), jobs: [mail], logger: false, lease: '2s' })
    const client = createScheduler({ store: open(), jobs: [mail], logger: false })
    endings.push(() => worker.stop())
    await worker.start()
    const pool = new Pool({ ...database.poolSettings, max: 1 })
    endings.push(() => pool.end())
    for (let round = 0; round < 3; round++) {
      const tx = await pool.connect()
      await tx.query('begin')
      const { id } = await client.trigger(mail, undefined, { tx })
      await tx.query('commit')
      tx.release()
      const committedAt = performance.now()
      await until('it ran', () => ran.includes(id))
      expect(performance.now() - committedAt).toBeLessThan(3_500)
    }
  }, 60_000)
})
