/** `pg_terminate_backend` of sessions of the store, many times per second, under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { until } from '../servers/poll.ts'
import { startPostgres } from '../servers/postgres.ts'
import { figure } from './figure.ts'
import { judge } from './judge.ts'
import { createSite, isFull, MOST_MS } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 30_000 : 4_000
const EACH_MS = 30

const TERMINATE = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name like 'worker%' order by random() limit 1`

it('sessions of busy processes end again and again: nothing is doubled or lost, and all of them go on', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createSite(server, [
    { name: 'task' },
    { name: 'alone', concurrency: 1 },
    { name: 'tick', every: ['100ms', '250ms', '1s'], overlap: 'allow', catchUp: { all: true } },
  ])
  const workers = await site.start(['worker-a', 'worker-b', 'worker-c'])
  for (const worker of workers) {
    await worker.ask({ what: 'load', job: 'task', each: 10 })
    await worker.ask({ what: 'load', job: 'alone', each: 250 })
  }
  let terminated = 0
  const over = performance.now() + LASTS_MS
  while (performance.now() < over) {
    terminated += (await site.query(TERMINATE)).length
    await sleep(EACH_MS)
  }
  const calmAt = await site.effects.now()
  for (const { name } of workers) {
    await until(`work of ${name}`, async () =>
      (await site.effects.all()).some(({ worker, startedAt }) => worker === name && startedAt > calmAt),
    )
  }
  const tallies = await Promise.all(workers.map((worker) => worker.ask({ what: 'ease' })))
  const promised = tallies.flatMap(({ acknowledged }) => acknowledged)
  const { slots, runs } = await judge(site, { promised })
  expect(terminated).toBeGreaterThan(LASTS_MS / 100)
  figure(`pg_terminate_backend for ${LASTS_MS / 1_000} s`, {
    'sessions ended per s': (terminated * 1_000) / LASTS_MS,
    slots,
    runs: runs.length,
    triggers: promised.length,
    'triggers refused': tallies.reduce((sum, { refused }) => sum + refused, 0),
    'leases lost': workers.reduce((sum, worker) => sum + worker.events('lease.lost').length, 0),
  })
})
