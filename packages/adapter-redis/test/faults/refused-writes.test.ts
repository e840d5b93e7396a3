/** The server takes no writes for a while: its memory is full, it became a replica, or it cannot save. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '@quarterjack/fault-kit/poll'
import { REFUSED_JOBS, refuseWrites, type Refusal } from '@quarterjack/fault-kit/refuse-writes'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { expect, it, vi } from 'vitest'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { DURABLE } from './ground.ts'
import { createRedisSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

interface Hurt extends Omit<Refusal, 'begin' | 'end'> {
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

it.each(HURTS)('$what: health says why, and work goes on by itself when writes are taken again', async ({ begin, end, ...refusal }) => {
  await using server = await startRedis(DURABLE)
  await using site = await createRedisSite(server, REFUSED_JOBS)
  const backMs = await refuseWrites(site, { ...refusal, begin: () => begin(server), end: () => end(server) })
  expect(backMs).toBeLessThan(6_000)
})
