/** `enqueue({ tx })` within transactions of every client. */
import { PGlite } from '@electric-sql/pglite'
import type { EnqueueRequest, StoreHint } from '@quarterjack/core/store'
import { until } from '@quarterjack/fault-kit/poll'
import { Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import { obtainPostgres } from '../servers/obtain-postgres.ts'
import type { PostgresAccess } from '../servers/postgres.ts'
import { enqueueRequest } from './requests.ts'

interface Made {
  readonly store: PgStore
  /** Runs `work` in a transaction; rolls it back when `work` says so. */
  transact(work: (tx: unknown) => Promise<'commit' | 'rollback'>): Promise<void>
  end(): Promise<unknown>
}

const rolledBack = new Error('rolled back')
const ignoreRollback = (error: unknown): void => {
  if (error !== rolledBack) throw error
}

const KINDS: Readonly<Record<string, (server: PostgresAccess) => Promise<Made>>> = {
  async pg(server) {
    const database = await server.createDatabase()
    const pool = new Pool({ ...database.poolSettings, max: 3 })
    return {
      store: pgStore({ pool }),
      async transact(work) {
        const client = await pool.connect()
        await client.query('begin')
        await client.query(await work(client))
        client.release()
      },
      async end() {
        await pool.end()
        await database.drop()
      },
    }
  },
  async 'postgres.js'(server) {
    const database = await server.createDatabase()
    const sql = postgres(database.url, { max: 3, onnotice: () => undefined })
    return {
      store: pgStore({ sql }),
      transact: async (work) =>
        void (await sql
          .begin(async (tx) => {
            if ((await work(tx)) === 'rollback') throw rolledBack
          })
          .catch(ignoreRollback)),
      async end() {
        await sql.end()
        await database.drop()
      },
    }
  },
  async pglite() {
    const pglite = await PGlite.create()
    return {
      store: pgStore({ pglite }),
      transact: (work) =>
        pglite
          .transaction(async (tx) => {
            if ((await work(tx)) === 'rollback') throw rolledBack
          })
          .catch(ignoreRollback),
      end: () => pglite.close(),
    }
  },
}

let server: PostgresAccess
beforeAll(async () => {
  server = await obtainPostgres()
})
afterAll(() => server.close())

describe.each(Object.keys(KINDS))('within transactions of %s', (kind) => {
  let made: Made
  let store: PgStore
  const heard: StoreHint[] = []

  beforeAll(async () => {
    made = await (KINDS[kind] as (server: PostgresAccess) => Promise<Made>)(server)
    store = made.store
    await store.open()
    store.watch((hint) => heard.push(hint))
    await until('it listens', () => store.hintStatus.state === 'on')
    await store.runs.renew({ owner: 'a', leaseMs: 600_000, jobs: [{ job: 'mail', hash: 'x' }], started: [], progress: [] })
    // PGlite takes its time.
  }, 60_000)
  afterAll(async () => {
    await store.close()
    await made.end()
  })

  const claim = async (): Promise<readonly string[]> => {
    const { runs } = await store.runs.claim({ owner: 'a', leaseMs: 600_000, limit: 10, start: 10, seenFence: 0 })
    return runs.map(({ record }) => record.id)
  }
  const enqueue = (tx: unknown, requests: readonly EnqueueRequest[]) => store.runs.enqueue({ requests, tx })

  it('runs exist after the commit, in the order asked, and those who sleep are told', async () => {
    const requests = [enqueueRequest('mail', { payload: '{"name":"\\u0000"}', key: '\0' }), enqueueRequest('mail')]
    const before = await store.now()
    await made.transact(async (tx) => {
      const reply = await enqueue(tx, requests)
      expect(reply.replies).toEqual(requests.map(({ id }) => ({ outcome: 'created', id })))
      expect(reply.storeNow).toBeGreaterThanOrEqual(before)
      heard.length = 0
      return 'commit'
    })
    await until('a hint arrived', () => heard.length > 0)
    expect(heard).toEqual([{ kind: 'work', of: 'runs' }])
    expect(await claim()).toEqual(requests.map(({ id }) => id))
    expect((await store.runs.get({ ids: [requests[0]?.id ?? ''] })).runs[0]).toMatchObject({ key: '\0', payload: '{"name":"\\u0000"}' })
  })

  it('nothing happened after a rollback', async () => {
    await made.transact(async (tx) => {
      await enqueue(tx, [enqueueRequest('mail')])
      return 'rollback'
    })
    expect(await claim()).toEqual([])
  })

  it('a transaction that has failed says so', async () => {
    await made
      .transact(async (tx) => {
        const broken = tx as { query?: (sql: string) => Promise<unknown>; unsafe?: (sql: string) => Promise<unknown> }
        await (broken.query ?? broken.unsafe)?.call(tx, 'select broken').catch(() => undefined)
        await expect(enqueue(tx, [enqueueRequest('mail')])).rejects.toMatchObject({
          code: 'StoreUnavailable',
          message: expect.stringMatching(/Roll it back/),
        })
        return 'rollback'
      })
      // postgres.js tells of the first failure again.
      .catch(() => undefined)
  })

  it('what is no transaction is refused', async () => {
    await expect(enqueue({}, [])).rejects.toMatchObject({ code: 'InvalidOption' })
    await expect(enqueue('tx', [])).rejects.toMatchObject({ code: 'InvalidOption' })
  })
})
