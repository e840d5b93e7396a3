/** The server takes no writes for a while: it became read-only, or its disk is full. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { startPostgres } from '../servers/postgres.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { createSite, isFull, MOST_MS, type Site } from './site.ts'
import { makeSmallDisk } from './small-disk.ts'
import type { Worker } from './start-worker.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 20_000 : LEASE_MS + 1_000

const JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'tick', every: ['250ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

interface Hurt {
  readonly told: RegExp
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

/** Two busy processes while the server takes nothing; then both must work again by themselves. */
async function withoutWrites(
  site: Site,
  { told, begin, end }: Hurt,
): Promise<{ readonly workers: readonly Worker[]; readonly promised: readonly string[]; readonly backMs: number; readonly why: string }> {
  const workers = await site.start(['a', 'b'])
  for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 20 })
  await sleep(500)
  await begin()
  const why: string[] = []
  for (const worker of workers) {
    await until(`health of ${worker.name} that says why`, async () => {
      const health = await worker.ask({ what: 'health' })
      const found = health.status === 'unhealthy' ? health.why.find((one) => told.test(one)) : undefined
      if (found !== undefined) why.push(found)
      return found !== undefined
    })
  }
  await sleep(LASTS_MS)
  await end()
  const backAt = await site.effects.now()
  for (const { name } of workers) {
    await until(`work of ${name}`, async () =>
      (await site.effects.all()).some(({ worker, startedAt }) => worker === name && startedAt > backAt),
    )
  }
  const first = (await site.effects.all()).find(({ startedAt }) => startedAt > backAt)
  for (const worker of workers) {
    await until(`health of ${worker.name}`, async () => {
      const { store } = await worker.ask({ what: 'health' })
      return store.reachable && store.failingForMs === 0
    })
  }
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
  return {
    workers,
    promised: tallies.flatMap(({ acknowledged }) => acknowledged),
    backMs: (first?.startedAt ?? Number.POSITIVE_INFINITY) - backAt,
    why: why[0] ?? '',
  }
}

it('a server that only takes reads: health says why, and work goes on by itself when it takes writes again', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createSite(server, JOBS)
  const setReadOnly = async (value: 'on' | 'off'): Promise<void> => {
    await site.query(`alter system set default_transaction_read_only = ${value}`)
    await site.query('select pg_reload_conf()')
  }
  const { promised, backMs, why } = await withoutWrites(site, {
    told: /only takes reads/,
    begin: () => setReadOnly('on'),
    end: () => setReadOnly('off'),
  })
  expect(backMs).toBeLessThan(6_000)
  const { slots, runs } = await judge(site, { promised, serverErrors: /read-only transaction/, repeated: 'any' })
  figure('read-only server', { 'first start afterwards ms': backMs, slots, runs: runs.length, health: JSON.stringify(why) })
})

it('a full disk: health says why, and work goes on by itself when there is room', async () => {
  await using server = await startPostgres({ durable: true })
  await using disk = await makeSmallDisk(server)
  await using site = await createSite(server, JOBS, disk.tablespace === null ? {} : { tablespace: disk.tablespace })
  const { promised, backMs, why } = await withoutWrites(site, {
    told: /disk of the server is full/,
    begin: () => disk.fill(site.url),
    end: () => disk.free(site.url),
  })
  expect(backMs).toBeLessThan(6_000)
  const { slots, runs } = await judge(site, { promised, serverErrors: /No space left on device/, repeated: 'any' })
  figure(`full disk (${disk.kind})`, { 'first start afterwards ms': backMs, slots, runs: runs.length, health: JSON.stringify(why) })
})
