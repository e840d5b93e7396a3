import type { EnqueueRequest } from '@quarterjack/core/store'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Pool } from 'pg'
import type { PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { enqueueRequest } from '../store/requests.ts'

const CLAIM = { owner: 'o', leaseMs: 60_000, seenFence: 0 }

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore
beforeAll(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server)
  ;({ store, pool } = own)
  const jobs = ['mail', 'bill'].map((job) => ({ job, hash: 'h' }))
  await store.runs.renew({ owner: 'o', leaseMs: 60_000, jobs, started: [], progress: [] })
})
beforeEach(async () => void (await pool.query('truncate quarterjack.runs')))
afterAll(async () => {
  await own.close()
  await server.close()
})

/** What may differ from most runs, one way each. */
const UNLIKE: readonly Partial<EnqueueRequest>[] = [
  { key: 'k' },
  { trigger: 'debounce' },
  { priority: 3 },
  { overlap: 'skip' },
  { triggers: 4 },
  { replayOf: 'other' },
  { trace: '{"requestId":"r"}' },
  { gates: ['mutex:m'] },
  { payload: null },
]

const lotOf = (...given: readonly Partial<EnqueueRequest>[]): readonly EnqueueRequest[] =>
  [{}, {}, ...given, {}].map((one, n) => enqueueRequest('mail', { payload: `{"n":${n}}`, ...one }))

it.each([null, ...UNLIKE])('runs that are claimed together are told as they are kept: one is unlike the others by %o', async (unlike) => {
  const requests = [...(unlike === null ? lotOf() : lotOf(unlike)), enqueueRequest('bill', {}), enqueueRequest('bill', { payload: '2' })]
  await store.runs.enqueue({ requests })
  const { runs } = await store.runs.claim({ ...CLAIM, limit: 100, start: 2 })
  const kept = await store.runs.get({ ids: runs.map(({ record }) => record.id) })
  expect(runs.map(({ record }) => record)).toEqual(kept.runs)
  expect(runs.map(({ record }) => record.id).toSorted()).toEqual(requests.map(({ id }) => id).toSorted())
  expect(runs.filter(({ started }) => started)).toHaveLength(2)
  const payloads = new Map(requests.map(({ id, payload }) => [id, payload]))
  for (const { record } of runs) expect(record.payload).toBe(payloads.get(record.id))
})

it('runs that are tried again, or were given back, are told as they are kept', async () => {
  await store.runs.enqueue({ requests: lotOf() })
  const first = await store.runs.claim({ ...CLAIM, limit: 100, start: 100 })
  const error = { name: 'Error', message: 'no', stack: '' }
  const settlements = first.runs.map(({ record: { id: runId, fence } }, n) =>
    n === 0
      ? ({ runId, fence, outcome: 'failed', startedAt: 1, error, then: { to: 'retry', delayMs: 0 } } as const)
      : ({ runId, fence, outcome: 'released', startedAt: null, error: null, then: { to: 'released' } } as const),
  )
  await store.runs.settle({ owner: 'o', settlements })
  const { runs } = await store.runs.claim({ ...CLAIM, limit: 100, start: 1 })
  expect(runs).toHaveLength(3)
  const kept = await store.runs.get({ ids: runs.map(({ record }) => record.id) })
  expect(runs.map(({ record }) => record)).toEqual(kept.runs)
  expect(runs.map(({ record }) => record.attempt).toSorted()).toEqual([1, 1, 2])
})
