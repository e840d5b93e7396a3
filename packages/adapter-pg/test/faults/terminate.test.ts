/** `pg_terminate_backend` of sessions of the store, many times per second, under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { figure } from '@quarterjack/fault-kit/figure'
import { isFull, MOST_MS } from '@quarterjack/fault-kit/tier'
import { BUSY_JOBS, BUSY_LOAD, workUnderLoad } from '@quarterjack/fault-kit/work-under-load'
import { expect, it, vi } from 'vitest'
import { startPostgres } from '../servers/postgres.ts'
import { createPgSite } from './site.ts'

vi.setConfig({ testTimeout: MOST_MS })

const LASTS_MS = isFull ? 30_000 : 4_000
const EACH_MS = 30

const TERMINATE = `
  select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and application_name like 'worker%' order by random() limit 1`

it('sessions of busy processes end again and again: nothing is doubled or lost, and all of them go on', async () => {
  await using server = await startPostgres({ durable: true })
  await using site = await createPgSite(server, BUSY_JOBS)
  let terminated = 0
  const { slots, runs, triggers, refused, leasesLost } = await workUnderLoad(site, BUSY_LOAD, async () => {
    const over = performance.now() + LASTS_MS
    while (performance.now() < over) {
      terminated += (await site.query(TERMINATE)).length
      await sleep(EACH_MS)
    }
  })
  expect(terminated).toBeGreaterThan(LASTS_MS / 100)
  figure(`pg_terminate_backend for ${LASTS_MS / 1_000} s`, {
    'sessions ended per s': (terminated * 1_000) / LASTS_MS,
    slots,
    runs: runs.length,
    triggers,
    'triggers refused': refused,
    'leases lost': leasesLost,
  })
})
