/** The server takes no writes for a while: its memory is full, it became a replica, or it cannot save. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { createSite, DURABLE, isFull, MOST_MS } from './site.ts'
import { LEASE_MS, type JobPlan } from './worker-plan.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 20_000 : LEASE_MS + 1_000

const JOBS: readonly JobPlan[] = [
  { name: 'task' },
  { name: 'tick', every: ['250ms'], overlap: 'allow', catchUp: { all: true, limit: 1_000 } },
]

interface Hurt {
  readonly what: string
  /** What health says of it. */
  readonly told: RegExp
  readonly serverErrors: RegExp
  begin(server: RedisServer): Promise<unknown>
  end(server: RedisServer): Promise<unknown>
}

/** A dump cannot take the place of a directory. */
async function dumpOf(server: RedisServer): Promise<string> {
  const [[, directory = ''], [, name = '']] = (await Promise.all(
    ['dir', 'dbfilename'].map((setting) => server.ask('CONFIG', 'GET', setting)),
  )) as [readonly string[], readonly string[]]
  return join(directory, name)
}

const HURTS: readonly Hurt[] = [
  {
    what: 'memory that is full (OOM)',
    told: /maxmemory/,
    serverErrors: /^OOM$/,
    async begin(server) {
      await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      await server.ask('CONFIG', 'SET', 'maxmemory', '1kb')
    },
    end: (server) => server.ask('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    what: 'a server that became a replica (READONLY)',
    told: /only takes reads/,
    serverErrors: /^(?:READONLY|MASTERDOWN)$/,
    // Of nobody: what it has stays.
    begin: (server) => server.ask('REPLICAOF', '127.0.0.1', '1'),
    end: (server) => server.ask('REPLICAOF', 'NO', 'ONE'),
  },
  {
    what: 'a server that cannot save (MISCONF)',
    told: /cannot save to disk/,
    serverErrors: /^MISCONF$/,
    async begin(server) {
      await mkdir(join(await dumpOf(server), 'within'), { recursive: true })
      await server.ask('CONFIG', 'SET', 'save', '3600 1')
      await server.ask('BGSAVE')
      await until('saving has failed', async () => /rdb_last_bgsave_status:err/.test(String(await server.ask('INFO', 'persistence'))))
    },
    async end(server) {
      await rm(await dumpOf(server), { recursive: true })
      await server.ask('BGSAVE')
      await until('saving works', async () => /rdb_last_bgsave_status:ok/.test(String(await server.ask('INFO', 'persistence'))))
    },
  },
]

it.each(HURTS)(
  '$what: health says why, and work goes on by itself when writes are taken again',
  async ({ what, told, serverErrors, begin, end }) => {
    await using server = await startRedis(DURABLE)
    await using site = await createSite(server, JOBS)
    const workers = await site.start(['a', 'b'])
    for (const worker of workers) await worker.ask({ what: 'load', job: 'task', each: 20 })
    await sleep(500)
    await begin(server)
    const whys: string[] = []
    for (const worker of workers) {
      await until(`health of ${worker.name} that says why`, async () => {
        const health = await worker.ask({ what: 'health' })
        const found = health.status === 'unhealthy' ? health.why.find((one) => told.test(one)) : undefined
        if (found !== undefined) whys.push(found)
        return found !== undefined
      })
    }
    await sleep(LASTS_MS)
    await end(server)
    const backAt = await site.effects.now()
    await site.untilWorkOf(workers, backAt)
    const first = (await site.effects.all()).find(({ startedAt }) => startedAt > backAt)
    for (const worker of workers) {
      await until(`health of ${worker.name}`, async () => {
        const { store } = await worker.ask({ what: 'health' })
        return store.reachable && store.failingForMs === 0
      })
    }
    const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
    expect(workers.map(({ isAlive }) => isAlive)).toEqual([true, true])
    const backMs = Number(first?.startedAt) - backAt
    expect(backMs).toBeLessThan(6_000)
    const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
    const { slots, runs } = await judge(site, { promised, serverErrors, repeated: 'any' })
    figure(what, { 'first start afterwards ms': backMs, slots, runs: runs.length, health: JSON.stringify(whys[0]) })
  },
)
