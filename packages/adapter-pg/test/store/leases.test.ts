/** Mutexes that are free are taken and let go in one statement each: that changes nothing for those who wait. */
import { createMutex } from '@quarterjack/core'
import type { AcquireReply, StoreHint } from '@quarterjack/core/store'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool, type PoolClient } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database } from '../servers/database.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'

const LEASE_MS = 30_000
const IN_LINE = { granted: false, ahead: expect.any(Number), retryAt: expect.any(Number), storeNow: expect.any(Number) }

let server: PostgresServer
let database: Database
let pool: Pool
let store: PgStore
/** Stands in the way. */
let other: PoolClient

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
  pool = new Pool({ ...database.poolSettings, max: 6 })
  store = pgStore({ pool })
  await store.open()
  other = await pool.connect()
})
afterEach(async () => {
  other.release()
  await store.close()
  await pool.end()
  await database.drop()
})

const bidOf = (holder: string, given: { leaseMs?: number; queue?: boolean; seenFence?: number } = {}) => ({
  bids: [{ name: 'm', holder, leaseMs: LEASE_MS, queue: true, seenFence: 0, ...given }],
})
const acquire = async (...bid: Parameters<typeof bidOf>): Promise<AcquireReply> => (await store.leases.acquire(bidOf(...bid))).replies[0]!
const fenceOf = (reply: AcquireReply): number => {
  if (!reply.granted) throw new Error('not granted')
  return reply.fence
}
const release = async (holder: string, fence: number): Promise<boolean> =>
  (await store.leases.release({ leases: [{ name: 'm', holder, fence }] })).released[0]!
const gate = async (): Promise<unknown> =>
  (await pool.query(`select held, has_bids as bids from quarterjack.gates where name = 'mutex:m'`)).rows[0]
/** In the transaction of `other`. */
const call = async (fn: string, request: object): Promise<unknown> =>
  (await other.query(`select quarterjack.${fn}($1::json) as reply`, [JSON.stringify(request)])).rows[0].reply
const isWaiting = async (): Promise<boolean> =>
  (await pool.query(`select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)).rowCount === 1

describe('a mutex that nobody waits for', () => {
  it('is taken with a fence above every other, and let go by its holder only', async () => {
    const first = fenceOf(await acquire('a'))
    expect(await release('b', first)).toBe(false)
    expect(await release('a', first - 1)).toBe(false)
    expect(await gate()).toEqual({ held: 1, bids: false })
    expect(await release('a', first)).toBe(true)
    expect(await release('a', first)).toBe(false)
    expect(await gate()).toEqual({ held: 0, bids: false })

    const ahead = first + 1_000_000_000
    const second = fenceOf(await acquire('a', { seenFence: ahead }))
    expect(second).toBe(ahead + 1)
    expect(await release('a', second)).toBe(true)
    expect(fenceOf(await acquire('b'))).toBe(second + 1)
  })

  it('is prolonged for a holder that asks again', async () => {
    const first = await acquire('a', { leaseMs: 5_000 })
    expect(await acquire('a')).toMatchObject({ granted: true, fence: fenceOf(first) })
    const { rows } = await pool.query('select expires_at - quarterjack.store_now() > 20000 as long from quarterjack.leases')
    expect(rows).toEqual([{ long: true }])
  })

  it('is free for others when its lease has ended, and not let go twice', async () => {
    const first = fenceOf(await acquire('a', { leaseMs: 1 }))
    await until(
      'it has ended',
      async () => (await pool.query('select from quarterjack.leases where expires_at <= quarterjack.store_now()')).rowCount === 1,
    )
    expect(await release('a', first)).toBe(false)
    const second = fenceOf(await acquire('b', { queue: false }))
    expect(second).toBeGreaterThan(first)
    expect(await release('a', first)).toBe(false)
    expect(await gate()).toEqual({ held: 1, bids: false })
  })

  it('is taken by one of many who ask at once', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => acquire(`h${n}`, { queue: false })))
    expect(replies.filter(({ granted }) => granted)).toHaveLength(1)
    expect(await gate()).toEqual({ held: 1, bids: false })
  })
})

describe('a mutex that somebody waits for', () => {
  it('goes to them first, and is as before once the last was served', async () => {
    const fence = fenceOf(await acquire('a'))
    expect(await acquire('b')).toEqual(IN_LINE)
    expect(await gate()).toEqual({ held: 1, bids: true })
    expect(await release('a', fence)).toBe(true)
    expect(await acquire('c')).toEqual({ ...IN_LINE, ahead: 1 })
    const second = fenceOf(await acquire('b'))
    expect(await gate()).toEqual({ held: 1, bids: true })
    expect(await release('b', second)).toBe(true)
    expect(await release('c', fenceOf(await acquire('c')))).toBe(true)
    expect(await gate()).toEqual({ held: 0, bids: false })
  })

  it('is as before after they have withdrawn', async () => {
    const fence = fenceOf(await acquire('a'))
    await acquire('b')
    await store.leases.withdraw({ bids: [{ name: 'm', holder: 'b' }] })
    expect(await release('a', fence)).toBe(true)
    fenceOf(await acquire('c'))
    expect(await gate()).toEqual({ held: 1, bids: false })
  })

  it('is not taken before them by one who looked when nobody waited', async () => {
    await release('z', fenceOf(await acquire('z')))
    await other.query('begin')
    const taken = (await call('leases_acquire', bidOf('a'))) as { replies: AcquireReply[] }
    const asked = acquire('late')
    await until('it waits for the gate', isWaiting)
    await call('leases_acquire', bidOf('b'))
    await call('leases_release', { leases: [{ name: 'm', holder: 'a', fence: fenceOf(taken.replies[0]!) }] })
    await other.query('commit')
    expect(await asked).toEqual({ ...IN_LINE, ahead: 1 })
    expect(await acquire('b')).toMatchObject({ granted: true })
  })

  it('tells those who came while it was being let go', async () => {
    const heard: StoreHint[] = []
    store.watch((hint) => heard.push(hint))
    const fence = fenceOf(await acquire('a'))
    await other.query('begin')
    await call('leases_acquire', bidOf('b'))
    const released = release('a', fence)
    await until('it waits for the gate', isWaiting)
    await other.query('commit')
    expect(await released).toBe(true)
    await until('a hint', () => heard.some((hint) => hint.kind === 'lease' && hint.name === 'm'))
    expect(await acquire('b')).toMatchObject({ granted: true })
  })
})

it('many holders on connections of their own hold it one at a time, with growing fences', async () => {
  const pools = Array.from({ length: 4 }, () => new Pool({ ...database.poolSettings, max: 5 }))
  const stores = pools.map((own) => pgStore({ pool: own }))
  const mutexes = Array.from({ length: 20 }, (_, n) => createMutex(stores[n % 4]!, 'm'))
  let holders = 0
  const fences: number[] = []
  await Promise.all(
    mutexes.map(async (mutex) => {
      for (let n = 0; n < 10; n++) {
        await mutex.withLock(async ({ fence }) => {
          expect(++holders).toBe(1)
          fences.push(fence)
          await pool.query('select')
          holders--
        })
      }
    }),
  )
  expect(fences).toHaveLength(200)
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
  expect(await gate()).toMatchObject({ held: 0 })
  await Promise.all(stores.map((own) => own.close()))
  await Promise.all(pools.map((own) => own.end()))
}, 60_000)
