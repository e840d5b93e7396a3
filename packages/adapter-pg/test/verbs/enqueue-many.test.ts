import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from 'pg'
import type { PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { enqueueRequest } from '../store/requests.ts'

const MANY = 200
const OWNER = 'o'

let server: PostgresAccess
let own: OwnStore
let pool: Pool
let store: PgStore
beforeAll(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server)
  ;({ store, pool } = own)
  await store.runs.renew({ owner: OWNER, leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'h' }], started: [], progress: [] })
})
afterAll(async () => {
  await own.close()
  await server.close()
})

const idsOf = async (): Promise<readonly string[]> => {
  const { rows } = await pool.query('select id from quarterjack.runs union all select id from quarterjack.history')
  return rows.map(({ id }) => id).toSorted()
}

describe.each([
  ['of one kind', () => ({})],
  ['of several kinds', (n: number) => ({ key: `k${n % 7}`, priority: n % 3 })],
])('many triggers %s at once', (_, given) => {
  const requests = (): ReturnType<typeof enqueueRequest>[] => Array.from({ length: MANY }, (_, n) => enqueueRequest('mail', given(n)))

  it('are each made once, however often they are sent, and whatever became of some', async () => {
    const before = await idsOf()
    const first = requests()
    await store.runs.enqueue({ requests: first.slice(0, MANY / 2) })
    // Some end before the call is repeated, and are in history by then.
    const { runs } = await store.runs.claim({ owner: OWNER, leaseMs: 60_000, limit: 30, start: 30, seenFence: 0 })
    expect(runs).toHaveLength(30)
    const settlements = runs.map(({ record }) => {
      const then = { to: 'succeeded', result: null } as const
      return { runId: record.id, fence: record.fence, outcome: 'succeeded', startedAt: 1, error: null, then } as const
    })
    await store.runs.settle({ owner: OWNER, settlements })
    for (let again = 0; again < 2; again++) {
      const { replies } = await store.runs.enqueue({ requests: first })
      expect(replies).toEqual(first.map(({ id }) => ({ outcome: 'created', id })))
    }
    expect(await idsOf()).toEqual([...before, ...first.map(({ id }) => id)].toSorted())
    // Those that had not ended are there once, and can be claimed; the ended ones stay ended.
    const rest = await store.runs.claim({ owner: OWNER, leaseMs: 60_000, limit: 1_000, start: 1_000, seenFence: 0 })
    expect(rest.runs).toHaveLength(MANY - 30)
  })

  it('are not made again when all of them are in history, older than others there', async () => {
    const old = requests().map((request) => ({ ...request, id: `00000000-${randomUUID().slice(9)}` }))
    await store.runs.enqueue({ requests: old })
    const { runs } = await store.runs.claim({ owner: OWNER, leaseMs: 60_000, limit: 1_000, start: 1_000, seenFence: 0 })
    const settlements = runs.map(({ record }) => {
      const then = { to: 'succeeded', result: null } as const
      return { runId: record.id, fence: record.fence, outcome: 'succeeded', startedAt: 1, error: null, then } as const
    })
    await store.runs.settle({ owner: OWNER, settlements })
    await store.runs.enqueue({ requests: old })
    const again = await store.runs.claim({ owner: OWNER, leaseMs: 60_000, limit: 1_000, start: 1_000, seenFence: 0 })
    expect(again.runs).toEqual([])
  })

  it('sent twice at the same time are made once', async () => {
    const twice = requests()
    await Promise.all([0, 1, 2].map(() => store.runs.enqueue({ requests: twice })))
    const { runs } = await store.runs.claim({ owner: OWNER, leaseMs: 60_000, limit: 1_000, start: 1_000, seenFence: 0 })
    expect(runs.map(({ record }) => record.id).toSorted()).toEqual(twice.map(({ id }) => id).toSorted())
  })
})
