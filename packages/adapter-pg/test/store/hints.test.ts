/** Hints between processes that share a schema. */
import type { StoreHint } from '@quarterjack/core/store'
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { pgStore, type PgStore } from '../../src/index.ts'
import type { Database, PoolSettings } from '../servers/database.ts'
import { startPgbouncer } from '../servers/pgbouncer.ts'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { enqueueRequest } from './requests.ts'

let server: PostgresServer
let database: Database
const endings: (() => Promise<unknown>)[] = []
const open = async (settings: PoolSettings = database.poolSettings, hints: boolean | 'auto' = 'auto'): Promise<PgStore> => {
  const pool = new Pool({ ...settings, max: 2 })
  const store = pgStore({ pool, hints })
  endings.push(async () => {
    await store.close()
    await pool.end()
  })
  await store.open()
  return store
}
const watch = (store: PgStore): StoreHint[] => {
  const heard: StoreHint[] = []
  store.watch((hint) => heard.push(hint))
  return heard
}
const isOn = (store: PgStore) => (): boolean => store.hintStatus.state === 'on'
/** What really goes over the channel. */
const tap = async (): Promise<string[]> => {
  const client = new Client(database.poolSettings)
  await client.connect()
  endings.push(() => client.end())
  const said: string[] = []
  client.on('notification', ({ payload }) => said.push(payload ?? ''))
  client.on('error', () => undefined)
  await client.query('listen quarterjack_hints')
  return said
}

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server.close())
beforeEach(async () => {
  database = await server.createDatabase()
})
afterEach(async () => {
  await Promise.all(endings.splice(0).map((end) => end()))
  await database.drop()
})

describe('hints', () => {
  it('reach other processes, and come to the own one once', async () => {
    const [a, b] = [await open(), await open()]
    const [heardA, heardB] = [watch(a), watch(b)]
    await until('both listen', () => isOn(a)() && isOn(b)())
    heardA.length = heardB.length = 0
    await a.runs.enqueue({ requests: [enqueueRequest('mail')] })
    await until('b heard', () => heardB.length > 0)
    expect(heardB).toEqual([{ kind: 'work', of: 'runs' }])
    await outwait(50)
    expect(heardA).toEqual([{ kind: 'work', of: 'runs' }])
  })

  it('come from processes that do not listen themselves', async () => {
    const [worker, client] = [await open(), await open()]
    const heard = watch(worker)
    await until('it listens', isOn(worker))
    heard.length = 0
    expect(client.hintStatus).toEqual({ state: 'idle', reason: null })
    await client.runs.enqueue({ requests: [enqueueRequest('mail')] })
    await until('the worker heard', () => heard.length > 0)
  })

  it('cost nothing while nobody else listens', async () => {
    const said = await tap()
    const store = await open()
    const heard = watch(store)
    await until('it listens', isOn(store))
    await outwait(2_100)
    said.length = heard.length = 0
    for (let n = 0; n < 20; n++) await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
    expect(heard.length).toBeGreaterThan(0)
    await outwait(50)
    expect(said).toEqual([])
  })

  it('are neither heard nor said where they are switched off', async () => {
    const said = await tap()
    const store = await open(database.poolSettings, false)
    const heard = watch(store)
    await store.runs.enqueue({ requests: [enqueueRequest('mail')] })
    expect(heard).toEqual([{ kind: 'work', of: 'runs' }])
    expect(store.hintStatus).toEqual({ state: 'off', reason: expect.stringMatching(/option/) })
    await outwait(50)
    expect(said).toEqual([])
  })

  it('come back when the server does', async () => {
    const [a, b] = [await open(), await open()]
    const heard = watch(a)
    await until('it listens', isOn(a))
    await server.restart()
    await until('it noticed', () => a.hintStatus.state !== 'on')
    await until('it listens again', isOn(a))
    heard.length = 0
    await b.runs.enqueue({ requests: [enqueueRequest('mail')] })
    await until('it heard', () => heard.length > 0)
    expect(heard).toContainEqual({ kind: 'work', of: 'runs' })
  })

  it('are given up behind a pooler that hands sessions around, and those of its clients still arrive elsewhere', async () => {
    await using bouncer = await startPgbouncer({ url: server.url, poolSize: 2 })
    const [direct, pooled] = [await open(), await open(bouncer.through(database.url).poolSettings, true)]
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const [heardDirect, heardPooled] = [watch(direct), watch(pooled)]
    await until('the one listens', isOn(direct))
    await until('the other gives up', () => pooled.hintStatus.state === 'failing')
    expect(pooled.hintStatus.reason).toMatch(/pooler/)
    expect(warning).toHaveBeenCalledOnce()
    warning.mockRestore()
    heardDirect.length = 0
    await pooled.runs.enqueue({ requests: [enqueueRequest('mail')] })
    expect(heardPooled).toEqual([{ kind: 'work', of: 'runs' }])
    await until('it is heard', () => heardDirect.length > 0)
    await pooled.close()
  })

  it('are heard by way of postgres.js after its connection broke', async () => {
    const sql = postgres(database.url, { max: 2, onnotice: () => undefined })
    const store = pgStore({ sql })
    endings.push(async () => {
      await store.close()
      await sql.end()
    })
    await store.open()
    const heard = watch(store)
    await until('it listens', isOn(store))
    await server.restart()
    const other = await open()
    await until('it is heard again', async () => {
      heard.length = 0
      await other.runs.enqueue({ requests: [enqueueRequest('mail')] }).catch(() => undefined)
      await outwait(100)
      return heard.length > 0
    })
    expect(heard).toContainEqual(expect.objectContaining({ kind: 'work' }))
  })
})
