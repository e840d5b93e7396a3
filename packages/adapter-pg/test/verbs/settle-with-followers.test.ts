/** A run that brings about others is settled while others want what it locks: all wait in one order, so the server ends none of them. */
import { randomUUID } from 'node:crypto'
import type { EnqueueRequest, Firing, Settlement } from '@quarterjack/core/store'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toSettleRequest } from '../../src/rows/settle-request.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { openOwnStore, type OwnStore } from '../store/own-store.ts'
import { enqueueRequest } from '../store/requests.ts'

let server: PostgresAccess
let own: OwnStore
beforeAll(async () => {
  server = await obtainPostgres()
  own = await openOwnStore(server, { max: 6 })
  const registration = { job: 'mail', hash: 'v1', expectedGeneration: 0, concurrency: null, rateLimit: null, schedules: [] }
  await own.store.schedules.register({ registrations: [registration] })
  await own.store.runs.renew({ owner: 'o', leaseMs: 60_000, jobs: [{ job: 'mail', hash: 'v1' }], started: [], progress: [] })
})
beforeEach(async () => void (await own.pool.query('truncate quarterjack.runs')))
afterAll(async () => {
  await own.close()
  await server.close()
})

/** In a transaction of its own; what `work` answers once it is committed. */
async function within<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await own.pool.connect()
  try {
    await client.query('begin')
    await client.query('set local search_path to quarterjack')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

const call = async (client: PoolClient, name: string, request: object): Promise<{ readonly [field: string]: unknown }> =>
  (await client.query(`select ${name}($1::json) as reply`, [JSON.stringify(request)])).rows[0].reply

const WAYS = {
  async 'by itself'(settlement: Settlement): Promise<unknown> {
    return (await own.store.runs.settle({ owner: 'o', settlements: [settlement] })).replies[0]?.status
  },
  async 'with its handler\u2019s writes'(settlement: Settlement): Promise<unknown> {
    const { runId, fence } = settlement
    return within(async (client) => {
      const { transaction } = await call(client, 'commits_begin', { owner: 'o', runId, fence, withinMs: 30_000 })
      const request = { owner: 'o', ...toSettleRequest([settlement]).request }
      return (await call(client, 'commits_settle', { owner: 'o', runId, fence, transaction, request })).status
    })
  },
}

/** A job that comes after, and whose key shares a lock with that of the replaced one. */
async function jobInLockOf(key: string): Promise<string> {
  const { rows } = await own.pool.query(
    `select 'after' || n as job from generate_series(1, 100000) n
    where abs(hashtext('after' || n || '/k/') % 256) = abs(hashtext($1) % 256) limit 1`,
    [key],
  )
  return rows[0].job
}

async function countWaiting(): Promise<number> {
  const { rows } = await own.pool.query(
    `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
  )
  return rows[0].n
}

async function untilWaiting(count: number): Promise<void> {
  while ((await countWaiting()) < count) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A running run, and its success that brings about a run of another job. */
async function startRun(id: string, key: string, then: Joining & { readonly job: string }): Promise<Settlement> {
  const { store } = own
  await store.runs.enqueue({ requests: [enqueueRequest('mail', { id, key, overlap: 'replace' })] })
  const { runs } = await store.runs.claim({ owner: 'o', leaseMs: 60_000, limit: 1, start: 1, seenFence: 0 })
  expect(runs).toMatchObject([{ record: { id } }])
  return {
    ...{ runId: id, fence: runs[0]?.record.fence ?? 0, outcome: 'succeeded', startedAt: await store.now(), error: null },
    ...{ then: { to: 'succeeded', result: null }, enqueue: [follower(then.job, randomUUID(), then)] },
  }
}

/** How a follower joins one that is there: it waits with it, or is dropped in the window that the other opened. */
interface Joining {
  readonly isDropped?: boolean
}

const follower = (job: string, id: string, { isDropped = false }: Joining = {}): EnqueueRequest =>
  enqueueRequest(job, {
    ...{ id, trigger: 'after' },
    debounce: { waitMs: isDropped ? 60_000 : 0, maxWaitMs: null, leading: isDropped, trailing: !isDropped, merge: 'last' },
  })

/** A schedule whose slot is due, and the firing of it, whose run replaces others. */
async function replacing(name: string): Promise<Firing> {
  const { store } = own
  const asOf = (await store.now()) - 60_000
  const slot = asOf + 1_000
  const spec = '{"everyMs":60000,"kind":"every"}'
  await store.schedules.set({
    schedules: [{ job: 'mail', name, key: name, incarnation: name, spec, payload: null, asOf, nextSlot: slot, nextDueAt: slot }],
  })
  const { generation = 0 } = (await store.schedules.get({ schedules: [{ job: 'mail', name }] })).schedules[0] ?? {}
  const run = { id: `${name}-run`, slot, runAt: slot, priority: 0, overlap: 'replace', queueLimit: 1, gates: [] } as const
  return {
    ...{ job: 'mail', name, incarnation: name, generation, expectedSlot: slot, through: slot, nextSlot: null, nextDueAt: null },
    ...{ runs: [run], skips: [] },
  }
}

/** Begins both while `lock` is held, so that the first is first in line for it; gives how they end. */
async function inTurn(
  [lock, values]: readonly [string, readonly unknown[]],
  first: () => Promise<unknown>,
  second: () => Promise<unknown>,
): Promise<readonly PromiseSettledResult<unknown>[]> {
  const both = await within(async (client) => {
    await client.query(lock, [...values])
    const begun = Promise.allSettled([first(), untilWaiting(1).then(second)])
    await untilWaiting(2)
    return { begun }
  })
  return both.begun
}

describe.each(['by itself', 'with its handler\u2019s writes'] as const)('a settlement %s', (way) => {
  it('and a slot that replaces its run both take place', async () => {
    const { store } = own
    const name = `k-${way}`
    const id = randomUUID()
    const settlement = await startRun(id, name, { job: await jobInLockOf(`mail/k/${name}`) })
    const firing = await replacing(name)
    const ended = await inTurn(
      ['select lock_keys($1)', [[`mail/k/${name}`]]],
      () => store.schedules.fire({ firings: [firing] }),
      () => WAYS[way](settlement),
    )
    expect(ended).toMatchObject([{ value: { replies: [{ status: 'fired' }] } }, { value: 'settled' }])
    const { runs } = await store.runs.get({ ids: [id, `${name}-run`, settlement.enqueue?.[0]?.id ?? ''] })
    expect(runs).toMatchObject([{ state: 'succeeded' }, { state: 'pending' }, { state: 'pending', trigger: 'after' }])
  })

  it.each([
    ['waits with', false],
    ['is dropped for', true],
  ] as const)('and a cancel of its run and of the one that its follower %s both take place', async (how, isDropped) => {
    const { store } = own
    const job = `${how} ${way}`
    const [open, id] = [`0${randomUUID()}`, `1${randomUUID()}`]
    await store.runs.enqueue({ requests: [follower(job, open, { isDropped })] })
    const settlement = await startRun(id, 'k', { job, isDropped })
    const ended = await inTurn(
      ['select 1 from runs where id = $1 for update', [open]],
      () => store.runs.cancel({ runs: [open, id].map((one) => ({ id: one, reason: 'asked' })) }),
      () => WAYS[way](settlement),
    )
    expect(ended).toMatchObject([{ value: { replies: ['cancelled', 'requested'] } }, { value: 'settled' }])
    const { runs } = await store.runs.get({ ids: [open, id, settlement.enqueue?.[0]?.id ?? ''] })
    expect(runs).toMatchObject([{ state: 'cancelled' }, { state: 'succeeded' }, isDropped ? null : { state: 'pending', trigger: 'after' }])
  })
})
