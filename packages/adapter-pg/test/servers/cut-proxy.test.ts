/** The proxy itself. */
import { outwait, until } from '@quarterjack/fault-kit/poll'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, afterEach, expect, it } from 'vitest'
import { startCutProxy, type CutProxy } from './cut-proxy.ts'
import { obtainPostgres } from './obtain-postgres.ts'
import type { PostgresAccess } from './postgres.ts'

let server: PostgresAccess
let proxy: CutProxy
let direct: Client
const clients: Client[] = []

async function connect(url = proxy.url): Promise<Client> {
  const client = new Client({ connectionString: url })
  client.on('error', () => undefined)
  clients.push(client)
  await client.connect()
  return client
}

async function count(): Promise<number> {
  return Number((await direct.query('select count(*) n from marks')).rows[0].n)
}

beforeAll(async () => {
  server = await obtainPostgres()
  const { url } = await server.createDatabase()
  server = { ...server, url }
  direct = await connect(url)
  await direct.query('create table marks (n int)')
}, 600_000)
beforeEach(async () => {
  await direct.query('truncate marks')
  proxy = await startCutProxy(server.url)
})
afterEach(() => proxy.close())
afterAll(async () => {
  for (const client of clients) void client.end().catch(() => undefined)
  await server?.close()
})

it('counts round trips, bytes and connections', async () => {
  const client = await connect()
  proxy.resetCounts()
  await client.query('select $1::text', ['x'.repeat(1_000)])
  await client.query(`select repeat('y', 100000)`)
  const counts = proxy.counts()
  expect(counts).toMatchObject({ roundTrips: 2, connections: 0 })
  expect(counts.requestBytes).toBeGreaterThan(1_000)
  expect(counts.replyBytes).toBeGreaterThan(101_000)
})

it('cuts all connections, or one', async () => {
  const [first, second] = [await connect(), await connect()]
  proxy.cut('oldest')
  await expect(first.query('select 1')).rejects.toThrow()
  expect((await second.query('select 1 n')).rows).toEqual([{ n: 1 }])
  proxy.cut()
  await expect(second.query('select 1')).rejects.toThrow()
  await until('no connection', () => proxy.open === 0)
})

it('loses a request that fits', async () => {
  const client = await connect()
  const cut = proxy.cutAt({ at: 'request', containing: 'insert into marks' })
  await client.query('select 1')
  await expect(client.query('insert into marks values (1)')).rejects.toThrow()
  await cut
  expect(await count()).toBe(0)
})

it('loses the reply to a request that took effect, however long the reply', async () => {
  const client = await connect()
  const cut = proxy.cutAt({ at: 'reply', containing: 'insert into marks' })
  await expect(client.query(`insert into marks values (1) returning repeat('x', 1000000)`)).rejects.toThrow()
  await cut
  expect(await count()).toBe(1)
})

it('swallows replies until it heals; the connections that lost some are reset', async () => {
  const [lost, idle] = [await connect(), await connect()]
  proxy.blackhole('replies')
  let outcome = 'none'
  const asked = lost.query('insert into marks values (1)').then(
    () => {
      outcome = 'answered'
    },
    () => {
      outcome = 'failed'
    },
  )
  await until('the commit', async () => (await count()) === 1)
  expect(outcome).toBe('none')
  proxy.heal()
  await asked
  expect(outcome).toBe('failed')
  expect((await idle.query('select 1 n')).rows).toEqual([{ n: 1 }])
})

it('swallows requests', async () => {
  const client = await connect()
  proxy.blackhole('requests')
  const asked = client.query('insert into marks values (1)').catch(() => 'failed')
  await outwait(100)
  proxy.heal()
  expect(await asked).toBe('failed')
  expect(await count()).toBe(0)
})

it('delays, in order', async () => {
  const client = await connect()
  proxy.delay(60, 'replies')
  const from = performance.now()
  const { rows } = await client.query(`select n, repeat('x', 100) from generate_series(1, 5000) n`)
  expect(performance.now() - from).toBeGreaterThan(55)
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1))
})

it('refuses', async () => {
  proxy.refuse(true)
  await expect(connect()).rejects.toThrow()
  proxy.heal()
  await connect()
})
