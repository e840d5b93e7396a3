/** Many that are about to be due on one instant are written before it, and committed at it: nobody sees any of it earlier. */
import type { Firing, ScheduleRecord } from '@quarterjack/core/store'
import type { Pool } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'

const COUNT = 60
/** A machine that is busy is given time to ask. */
const AHEAD_MS = 400
const EARLY_MS = 25

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore
beforeAll(async () => {
  server = await obtainPostgres()
})
beforeEach(async () => {
  own = await openOwnStore(server, { max: 6 })
  ;({ store, pool } = own)
  const registration = { job: 'mail', hash: 'v1', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] }
  await store.schedules.register({ registrations: [registration] })
  await store.runs.renew({ owner: 'o', leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'v1' }], started: [], progress: [] })
})
afterEach(async () => {
  await own.close()
})
afterAll(() => server.close())

/** Schedules of one instant, looked at; `dueAt` is that instant. */
async function look(): Promise<{ readonly dueAt: number; readonly lookedAt: number; readonly schedules: readonly ScheduleRecord[] }> {
  const asOf = await store.now()
  const dueAt = asOf + AHEAD_MS
  const schedules = Array.from({ length: COUNT }, (_, n) => ({
    ...{ job: 'mail', name: `k${n}`, key: `k${n}`, incarnation: `i${n}`, spec: '{"everyMs":60000,"kind":"every"}', payload: null },
    ...{ asOf, nextSlot: dueAt, nextDueAt: dueAt },
  }))
  await store.schedules.set({ schedules })
  const due = await store.schedules.due({ owner: 'o', limit: COUNT, aheadMs: 2 * AHEAD_MS })
  expect(due.schedules).toHaveLength(COUNT)
  return { dueAt, lookedAt: due.storeNow, schedules: due.schedules }
}

function firingOf({ job, name, incarnation, generation, nextSlot }: ScheduleRecord): Firing {
  const slot = nextSlot ?? 0
  return {
    ...{ job, name, incarnation, generation, expectedSlot: slot, through: slot, nextSlot: slot + 60_000, nextDueAt: slot + 60_000 },
    ...{ runs: [{ id: `${name}-${slot}`, slot, runAt: slot, priority: 0, overlap: 'allow', queueLimit: 1, gates: [] }], skips: [] },
  }
}

const until = async (at: number): Promise<void> => {
  while ((await store.now()) < at) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Fires all of them a little before their instant, and claims what comes of it. */
const fire = ({ schedules, lookedAt }: Awaited<ReturnType<typeof look>>): ReturnType<PgStore['schedules']['fire']> => {
  const claim = { owner: 'o', leaseMs: 60_000, limit: COUNT, start: COUNT, seenFence: 0 }
  return store.schedules.fire({ firings: schedules.map(firingOf), claim, lookedAt })
}

describe('what is fired before its instant', () => {
  it('is seen at that instant by whoever asked and by all others, and begins there', async () => {
    const looked = await look()
    await until(looked.dueAt - EARLY_MS)
    const firing = fire(looked)
    let seenAt = 0
    while (seenAt === 0) {
      const { rows } = await pool.query('select quarterjack.store_now() as now, exists (select 1 from quarterjack.runs) as is_there')
      if (rows[0].is_there === true) seenAt = Number((await pool.query('select quarterjack.store_now() as now')).rows[0].now)
    }
    expect(seenAt).toBeGreaterThanOrEqual(looked.dueAt)
    const { replies } = await firing
    expect(await store.now()).toBeGreaterThanOrEqual(looked.dueAt)
    const records = replies.flatMap(({ runs }) => runs.map(({ claimed }) => claimed?.record))
    expect(records).toHaveLength(COUNT)
    for (const record of records) expect(record).toMatchObject({ state: 'running', owner: 'o' })
    for (const record of records) expect(record?.startedAt).toBeGreaterThanOrEqual(looked.dueAt)
  })

  it('comes before a suspension that is asked for meanwhile, and that waits for it', async () => {
    const looked = await look()
    await until(looked.dueAt - EARLY_MS)
    const firing = fire(looked)
    await store.schedules.suspend({ targets: [{ job: 'mail', name: 'k0', reason: 'tenant is locked' }] })
    const suspendedAt = await store.now()
    const { replies } = await firing
    const { schedules } = await store.schedules.get({ schedules: [{ job: 'mail', name: 'k0' }] })
    const { status } = replies[0] ?? {}
    // On a busy machine it may have been quicker than the firing.
    if (status === 'suspended') return
    expect(status).toBe('fired')
    expect(suspendedAt).toBeGreaterThanOrEqual(looked.dueAt)
    expect(schedules[0]?.suspended?.at).toBeGreaterThanOrEqual(looked.dueAt)
  })

  it('comes before the end of its job, which waits for it', async () => {
    const looked = await look()
    await store.runs.leave({ owner: 'o' })
    await until(looked.dueAt - EARLY_MS)
    const firing = store.schedules.fire({ firings: looked.schedules.map(firingOf), lookedAt: looked.lookedAt })
    await store.schedules.retire({ jobs: ['mail'] })
    await firing
    // On a busy machine the job may have ended before: then nothing was fired.
    const { rows } = await pool.query('select finished_at >= created_at as is_later from quarterjack.history')
    expect(rows).toEqual(rows.map(() => ({ is_later: true })))
  })

  it('is taken back at once where the clock of the server goes back meanwhile', async () => {
    const looked = await look()
    const clock = 'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint'
    const setClock = (body: string): Promise<unknown> =>
      pool.query(`create or replace function quarterjack.store_now() returns bigint language sql volatile as $$ ${body} $$`)
    await pool.query('create sequence quarterjack.times_asked')
    await until(looked.dueAt - EARLY_MS)
    await setClock(`${clock} - case when nextval('quarterjack.times_asked') > 1 then 60000 else 0 end`)
    // The wait that this asks for is as long as the step; nobody waits for it.
    await expect(fire(looked)).rejects.toThrow(/the clock of the server went back/)
    await setClock(clock)
    expect((await pool.query('select 1 from quarterjack.runs')).rowCount).toBe(0)
    const { schedules } = await store.schedules.due({ owner: 'o', limit: COUNT, aheadMs: AHEAD_MS })
    expect(schedules).toHaveLength(COUNT)
  })

  it('is fired by one of two', async () => {
    const looked = await look()
    await until(looked.dueAt - EARLY_MS)
    const both = await Promise.all([fire(looked), fire(looked)])
    const statuses = both.map(({ replies }) => replies.filter(({ status }) => status === 'fired').length)
    expect(statuses[0]! + statuses[1]!).toBe(COUNT)
    expect((await pool.query('select 1 from quarterjack.runs')).rowCount).toBe(COUNT)
  })

  it('is refused where it comes much too early', async () => {
    const { replies } = await fire(await look())
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set(['stale']))
  })
})
