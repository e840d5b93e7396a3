/** The server's clock goes back an hour under running processes, as after a failover to a server that is behind, and comes forward again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { judge } from '@quarterjack/fault-kit/judge'
import { until } from '@quarterjack/fault-kit/poll'
import { MOST_MS } from '@quarterjack/fault-kit/tier'
import { expect, it, vi } from 'vitest'
import { startPostgres } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const HOUR_MS = 3_600_000

it('no slot fires again, a trigger still runs, fences go on growing, and slots go on when time passes the cursor', async () => {
  await using server = await startPostgres()
  await using site = await createPgSite(server, [
    { name: 'tick', every: ['250ms'], overlap: 'allow', catchUp: { all: true } },
    { name: 'task' },
  ])
  await site.start(['a', 'b'])
  await until('some slots', async () => (await site.effects.all()).length > 4)
  const before = await site.effectOf(await site.trigger('task'))
  const shift = async (ms: number): Promise<void> => {
    await site.query(`create or replace function quarterjack.store_now() returns bigint language sql volatile as $$
      select floor(extract(epoch from clock_timestamp()) * 1000)::bigint + (${ms})
    $$`)
  }

  await shift(-HOUR_MS)
  const backAt = await site.effects.now()
  const during = await site.effectOf(await site.trigger('task'))
  expect(during.fence).toBeGreaterThan(before.fence)
  await sleep(3_000)
  const meanwhile = (await site.effects.all()).filter(({ startedAt, slot }) => startedAt > backAt + 500 && slot !== null)
  expect(meanwhile).toEqual([])
  expect(await site.scheduler.audit()).toMatchObject({ violations: [] })

  await shift(0)
  const forwardAt = await site.effects.now()
  await until('slots of both', async () => {
    const since = (await site.effects.all()).filter(({ startedAt, slot }) => startedAt > forwardAt && slot !== null)
    return since.length > 4
  })
  const after = await site.effectOf(await site.trigger('task'))
  expect(after.fence).toBeGreaterThan(during.fence)
  // Owners were granted leases by both clocks.
  const { slots } = await judge(site, { repeated: 'any', promised: [before, during, after].map(({ runId }) => runId) })
  figure('server clock an hour back', { slots })
})
