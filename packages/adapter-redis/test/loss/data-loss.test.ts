/** A server that loses what it answered: emptied in full flight, and set back to what it was before. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createMutex, createScheduler, defineJob, every, type Scheduler } from '@quarterjack/core'
import { until } from '@quarterjack/fault-kit/poll'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { redisStore, type RedisStore } from '../../src/index.ts'
import { startRedis, type RedisServer } from '../servers/redis.ts'
import { keep, setBack } from './set-back.ts'

const LEASE_MS = 2_000

let server: RedisServer
const opened: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.close())
afterEach(async () => {
  for (const end of opened.splice(0).reverse()) await end()
  await server.ask('FLUSHALL')
})

async function openStore(): Promise<RedisStore> {
  const client = createClient({ url: server.url })
  client.on('error', () => undefined)
  await client.connect()
  opened.push(async () => client.destroy())
  const store = redisStore({ client })
  opened.push(() => store.close())
  return store
}

interface Site {
  readonly scheduler: Scheduler
  /** Slots that ran, each as often as it did. */
  readonly ran: string[]
  readonly fences: number[]
  readonly losses: { readonly everything: boolean; readonly schedules: number | null; readonly runs: number | null }[]
}

async function site(): Promise<Site> {
  const store = await openStore()
  const ran: string[] = []
  const fences: number[] = []
  const beat = defineJob({
    name: 'beat',
    schedule: every('200ms'),
    overlap: 'allow',
    run({ slot, fence }) {
      ran.push(slot?.toISOString() ?? '')
      fences.push(fence)
    },
  })
  const tenant = defineJob({ name: 'tenant', run: () => undefined })
  const scheduler = createScheduler({ store, jobs: [beat, tenant], lease: LEASE_MS, logger: false })
  const losses: Site['losses'] = []
  scheduler.on('store.lost', (loss) => void losses.push(loss))
  opened.push(() => scheduler.stop({ grace: 100 }))
  await scheduler.start()
  await scheduler.schedules.set(tenant, { key: 'a', schedule: every('1h') })
  await scheduler.schedules.set(tenant, { key: 'b', schedule: every('1h') })
  await scheduler.trigger(tenant, undefined, { key: 'later', delay: '1h' })
  return { scheduler, ran, fences, losses }
}

const beats = (ran: readonly string[], from: number): ((count: number) => boolean) => {
  return (count) => ran.length - from >= count
}

describe('FLUSHALL in full flight', () => {
  it('is noticed: static schedules go on with the next slot, fences grow, and what is gone is counted', async () => {
    const { scheduler, ran, fences, losses } = await site()
    await until('it runs', () => beats(ran, 0)(5))
    await server.ask('FLUSHALL')
    const before = ran.length
    await until('it goes on', () => beats(ran, before)(10))
    expect(losses).toEqual([expect.objectContaining({ everything: true, schedules: 2 })])
    expect(losses[0]?.runs).toBeGreaterThanOrEqual(1)
    expect(new Set(ran).size).toBe(ran.length)
    expect(fences).toEqual(fences.toSorted((a, b) => a - b))
    // No flood of old slots: every slot ran within its time.
    const health = await scheduler.health()
    expect(health.store.lost).toMatchObject({ everything: true, schedules: 2 })
    expect(health.status).toBe('degraded')
    expect(health.why.join()).toMatch(/lost everything that was in it .* ago: 2 dynamic schedules and \d+ unfinished runs are gone/)
    const audit = await scheduler.audit()
    expect(audit.violations).toEqual([])
  })

  it('gives no lease to others for as long as a former holder may trust its own, and tells that one', async () => {
    const [mine, other] = [await openStore(), await openStore()]
    await other.open()
    await other.leases.acquire({ bids: [{ name: 'else', holder: 'x', leaseMs: LEASE_MS, queue: false, seenFence: 0 }] })
    let told = 0
    let begun = false
    const first = createMutex(mine, 'one', { lease: LEASE_MS }).withLock(async ({ signal }) => {
      begun = true
      while (!signal.aborted) await sleep(5)
      told = performance.now()
    })
    first.catch(() => undefined)
    await until('it is held', () => begun)
    await server.ask('FLUSHALL')
    const lostAt = performance.now()
    let taken = 0
    await createMutex(other, 'one', { lease: LEASE_MS }).withLock(
      async () => {
        taken = performance.now()
      },
      { wait: '20s' },
    )
    await first.catch(() => undefined)
    expect(told - lostAt).toBeLessThan(LEASE_MS)
    expect(taken).toBeGreaterThan(told)
  })
})

describe('a server that is set back to what it was before', () => {
  it('fires no slot again that a living process saw fired, and its records say what was lost', async () => {
    const { scheduler, ran, losses } = await site()
    await until('it runs', () => beats(ran, 0)(5))
    const dumped = await keep(server)
    const kept = ran.length
    await until('it runs on', () => beats(ran, kept)(5))
    await setBack(server, dumped)
    const before = ran.length
    await until('it goes on', () => beats(ran, before)(5))
    expect(losses).toEqual([expect.objectContaining({ everything: false })])
    expect(new Set(ran).size).toBe(ran.length)
    const audit = await scheduler.audit()
    expect(audit.violations).toEqual([])
    expect(audit.schedules.find(({ job }) => job === 'beat')?.skipped['lost']).toBeGreaterThan(0)
    expect((await scheduler.schedules.list({ job: 'tenant' })).map(({ key }) => key)).toEqual(['a', 'b'])
  })
})
