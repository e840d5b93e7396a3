/** A run that is being cancelled while its attempt is settled is not tried again, whatever comes first. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { enqueueRequest } from '../store/requests.ts'

let server: PostgresAccess
let own: OwnStore
beforeAll(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server, { max: 6 })
})
afterAll(async () => {
  await own.close()
  await server.close()
})

const isWaiting = `select exists (select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()) as it`

it.each([
  ['tried again', { outcome: 'failed', error: { name: 'Error', message: 'no' }, then: { to: 'retry', delayMs: 3_600_000 } }],
  ['given back', { outcome: 'released', error: null, then: { to: 'released' } }],
] as const)('a cancel that commits while the run is about to be %s ends it', async (_, { then, ...ending }) => {
  const { store, pool } = own
  await store.runs.renew({ owner: 'o', leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'v1' }], started: [], progress: [] })
  const { id } = enqueueRequest('mail')
  await store.runs.enqueue({ requests: [enqueueRequest('mail', { id })] })
  const { runs } = await store.runs.claim({ owner: 'o', leaseMs: 60_000, limit: 1, start: 1, seenFence: 0 })
  const fence = runs[0]?.record.fence ?? 0
  const canceller = await pool.connect()
  try {
    await canceller.query('begin')
    await canceller.query('set local search_path to quarterjack')
    await canceller.query('select runs_cancel($1::json)', [JSON.stringify({ runs: [{ id, reason: 'asked' }] })])
    const settled = store.runs.settle({ owner: 'o', settlements: [{ runId: id, fence, startedAt: await store.now(), ...ending, then }] })
    while (!(await pool.query(isWaiting)).rows[0].it) await new Promise((resolve) => setTimeout(resolve, 5))
    await canceller.query('commit')
    expect((await settled).replies).toMatchObject([{ status: 'settled' }])
  } finally {
    canceller.release()
  }
  expect((await store.runs.get({ ids: [id] })).runs).toMatchObject([{ state: 'cancelled', reason: 'asked' }])
})
