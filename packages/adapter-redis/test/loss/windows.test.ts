/** What a server that forgets does to rollups: emptied while windows are held, and set back to what it was before. */
import { until } from '@quarterjack/fault-kit/poll'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { keep, setBack } from './set-back.ts'
import { createRefresher, type Database, FIRST, HOUR, HOURS, type Refresher, sumOf, write } from './refresher.ts'

const LAST = FIRST + HOURS * HOUR

let server: RedisServer
let database: Database
const opened: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startRedis()
})
beforeEach(() => {
  database = { rows: [], sums: new Map() }
})
afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
  await server.ask('FLUSHALL')
})
afterAll(() => server.close())

async function open(name: string): Promise<Refresher> {
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  const store = redisStore({ client, hints: false })
  opened.push(
    async () => client.destroy(),
    () => store.close(),
  )
  return createRefresher(name, store, database)
}

const rowAt = (hour: number, value: number): Database['rows'][number] => ({ at: FIRST + hour * HOUR + 1, value })

async function fill(refresher: Refresher): Promise<void> {
  for (let hour = 0; hour < HOURS; hour++) await write(refresher.store, database, rowAt(hour, hour + 1))
}

/** Works until nothing is left; a loss may hold runs back for as long as a lease. */
async function settle(...refreshers: readonly Refresher[]): Promise<void> {
  await until('nothing is left to be refreshed', async () => {
    const worked = await Promise.all(refreshers.map((one) => one.work()))
    return worked.every((had) => !had)
  })
}

function expectFresh(): void {
  const starts = Array.from({ length: HOURS }, (_, index) => FIRST + index * HOUR)
  expect(starts.map((start) => database.sums.get(start) ?? 0)).toEqual(starts.map((start) => sumOf(database, start)))
}

it('FLUSHALL while windows are held: nothing is committed that the store does not know, and everything is refreshed from the start', async () => {
  const [a, b] = [await open('a'), await open('b')]
  await fill(a)
  await settle(a, b)
  expectFresh()
  const { rows } = database
  let isLost = false
  const lose = async (): Promise<void> => {
    isLost = true
    await server.ask('FLUSHALL')
    // After the loss another process defines the rollup, and marks arrive that nobody asked for.
    await b.work()
    await write(b.store, database, rowAt(3, 1_000))
  }
  // Lost with the log: nobody will ever know of the mark.
  await write(a.store, database, rowAt(7, 500))
  const before = a.commits.length
  expect(await a.work(lose)).toBe(true)
  expect(isLost).toBe(true)
  expect(a.commits.slice(before)).toEqual(['stale'])
  await settle(a, b)
  expectFresh()
  expect(rows).toHaveLength(HOURS + 2)
  // The watermark does not pretend: it begins again, and gets where it was.
  const seen = b.watermarks
  const again = seen.indexOf(FIRST, seen.indexOf(LAST))
  expect(again).toBeGreaterThan(0)
  expect(seen.at(-1)).toBe(LAST)
  expect(seen.slice(again)).toEqual(seen.slice(again).toSorted((x, y) => x - y))
  const { states } = await (b.store.windows as NonNullable<typeof b.store.windows>).state({ rollups: [{ rollup: 'sums', limit: 10 }] })
  expect(states[0]?.counts).toEqual({ dirty: 0, held: 0, failed: 0, suspect: 0 })
})

it('FLUSHALL again and again while two processes refresh and rows arrive: in the end every sum is right', async () => {
  const [a, b] = [await open('a'), await open('b')]
  await fill(a)
  let losses = 0
  const lose = async (): Promise<void> => {
    losses++
    await server.ask('FLUSHALL')
  }
  const busy = Array.from({ length: 6 }, async (_, index) => {
    for (let turn = 0; turn < 6; turn++) {
      const writer = index % 2 === 0 ? a : b
      await write(writer.store, database, rowAt((index * 7 + turn * 5) % HOURS, 10_000 * index + turn))
      if (index < 2) await writer.work(turn % 3 === 1 ? lose : undefined)
    }
  })
  await Promise.all(busy)
  // Where the other had just refreshed what was dirty, a turn found nothing to lose in the middle of.
  for (let turn = 0; losses <= 2 && turn < 20; turn++) {
    await write(a.store, database, rowAt(turn % HOURS, 90_000 + turn))
    await a.work(lose)
  }
  // Rows whose marks went with the log are found because all windows are missing again.
  await server.ask('FLUSHALL')
  await settle(a, b)
  expectFresh()
  expect(losses).toBeGreaterThan(2)
  expect(a.defined + b.defined).toBeGreaterThan(1)
})

it('a server that is set back forgets marks and commits: windows are refreshed again, but a mark that was lost is not known', async () => {
  const a = await open('a')
  await fill(a)
  await settle(a)
  const kept = await keep(server)
  await write(a.store, database, rowAt(5, 500))
  await settle(a)
  await write(a.store, database, rowAt(6, 500))
  await setBack(server, kept)
  await settle(a)
  // Said in the docs: only lookback and verify find it.
  expect(database.sums.get(FIRST + 6 * HOUR)).toBe(7)
  await write(a.store, database, rowAt(6, 1))
  await settle(a)
  expectFresh()
})
