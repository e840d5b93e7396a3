/** The database is replaced by what it was some seconds before, as after a failover to a replica that had not received everything. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { LEASE_MS } from '@quarterjack/fault-kit/worker-plan'
import { Client } from 'pg'
import { expect, it, vi } from 'vitest'
import { startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

/** With nobody connected to `database`. */
async function alone(server: PostgresServer, database: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  await client.query(`alter database ${database} with allow_connections false`)
  await client.query(`select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '${database}'`)
  for (const statement of statements) await client.query(statement)
  await client.query(`alter database ${database} with allow_connections true`)
  await client.end()
}

it('what was lost is owed again and made up for, fences go on growing, and the ledger adds up', async () => {
  await using server = await startPostgres()
  await using site = await createPgSite(server, [
    // Processes divide schedules among themselves: with one each, both have work.
    { name: 'tick', every: ['250ms', '300ms'], overlap: 'allow', catchUp: { all: true } },
    { name: 'task' },
  ])
  const name = new URL(site.url).pathname.slice(1)
  const workers = await site.start(['a', 'b'])
  await until('some slots', async () => (await site.effects.all()).length > 4)
  const kept = await site.trigger('task')
  await site.effectOf(kept)
  await until('its end', async () => (await site.scheduler.runs.get(kept))?.state === 'succeeded')

  await alone(server, name, [`create database snapshot template ${name}`, `alter database ${name} with allow_connections true`])
  const keptAt = await site.effects.now()
  await until('work of both', async () => {
    const since = (await site.effects.all()).filter(({ startedAt }) => startedAt > keptAt)
    return new Set(since.map(({ worker }) => worker)).size === 2
  })
  await sleep(2_000)
  const lost = await site.trigger('task')
  await site.effectOf(lost)

  await alone(server, name, [`alter database ${name} rename to lost`, `alter database snapshot rename to ${name}`])
  const backAt = await site.effects.now()
  expect(await site.scheduler.runs.get(lost)).toBeNull()
  await site.untilWorkOf(workers, backAt)
  const effects = await site.effects.all()
  const highest = Math.max(...effects.filter(({ startedAt }) => startedAt < backAt).map(({ fence }) => fence))
  const later = await site.effectOf(await site.trigger('task'))
  expect(later.fence).toBeGreaterThan(highest)
  const first = effects.find(({ startedAt }) => startedAt > backAt)
  expect(Number(first?.startedAt) - backAt).toBeLessThan(5_000 + LEASE_MS)
  // A trigger that was answered may be gone; what the store knows is whole.
  await site.query('select 1')
  const { slots, repeated } = await judge(site, {
    repeated: 'any',
    promised: [kept, later.runId],
    forgotten: [lost],
    serverErrors: /not currently accepting connections|terminating connection/,
  })
  figure('an older state of the database', { slots, 'slots and runs executed again': repeated.length })
})
